import type { Condition, Rollout, Route, Rule, StickyKey, Use, Variant } from "../domain/table.ts";
import { type CompileContext, unknownName } from "./compile.ts";
import { compileCondition, headersIn } from "./condition.ts";
import type { ConfigPath } from "./problem.ts";
import type { Config, RouteConfig, UseConfig } from "./schema.ts";

interface RouteContext {
  readonly variants: ReadonlyMap<string, Variant>;
  readonly rollouts: ReadonlyMap<string, Rollout>;
  readonly report: CompileContext["report"];
}

/** A route with its conditions compiled. Its last rule always matches. */
export function compileRoute(name: string, route: RouteConfig, context: RouteContext): Route | undefined {
  const at = (...path: ConfigPath): ConfigPath => ["routes", name, ...path];
  const configured = route.rules ?? [];
  const rules: Rule[] = [];
  const names = new Set<string>();
  configured.forEach((rule, index) => {
    const ruleName = rule.name ?? `rule-${index + 1}`;
    if (names.has(ruleName))
      context.report(at("rules", index, "name"), `another rule of this route is named \`${ruleName}\``);
    names.add(ruleName);
    const when = condition(rule.when, at("rules", index, "when"), context);
    const use = compileUse(rule.use, `${name}/${ruleName}`, at("rules", index, "use"), context);
    if (rule.when === undefined && (index < configured.length - 1 || route.default !== undefined)) {
      context.report(
        at("rules", index),
        "a rule without `when` always matches: what comes after it is never reached",
      );
    }
    if (use !== undefined) rules.push({ name: ruleName, when, use });
  });
  if (route.default !== undefined) {
    const use = compileUse(route.default, `${name}/default`, at("default"), context);
    if (use !== undefined) rules.push({ name: "default", when: undefined, use });
  } else if (configured.at(-1)?.when !== undefined || configured.length === 0) {
    context.report(
      at(),
      "the last rule needs to match always: leave out its `when`, or give the route a `default`",
    );
  }
  return { name, description: route.description, rules, headers: headersOf(rules) };
}

function condition(
  source: string | undefined,
  path: ConfigPath,
  { report }: RouteContext,
): Condition | undefined {
  if (source === undefined) return undefined;
  try {
    return compileCondition(source);
  } catch (error) {
    report(path, error instanceof Error ? error.message : "the condition can't be read");
    return undefined;
  }
}

function compileUse(
  use: UseConfig,
  owner: string,
  path: ConfigPath,
  { variants, rollouts, report }: RouteContext,
): Use | undefined {
  if (typeof use === "string") {
    const variant = variants.get(use);
    if (variant === undefined) report(path, unknownName("variant", use, [...variants.keys()]));
    return variant && { kind: "variant", variant };
  }
  if ("rollout" in use) {
    const rollout = rollouts.get(use.rollout);
    if (rollout === undefined)
      report([...path, "rollout"], unknownName("rollout", use.rollout, [...rollouts.keys()]));
    return rollout && { kind: "rollout", rollout };
  }
  const total = Object.values(use.split).reduce((sum, weight) => sum + weight, 0);
  if (total <= 0) report([...path, "split"], "the weights add up to nothing");
  const arms = Object.entries(use.split).flatMap(([name, weight]) => {
    const variant = variants.get(name);
    if (variant === undefined)
      report([...path, "split", name], unknownName("variant", name, [...variants.keys()]));
    return variant === undefined ? [] : [{ variant, share: weight / total }];
  });
  return {
    kind: "split",
    name: use.name ?? owner,
    arms,
    sticky: use.stickyBy === undefined ? undefined : stickyKey(use.stickyBy),
  };
}

/** A rollout at its configured stage. */
export function compileRollout(
  name: string,
  rollout: NonNullable<Config["rollouts"]>[string],
  variants: ReadonlyMap<string, Variant>,
  report: CompileContext["report"],
): Rollout | undefined {
  const side = (key: "control" | "candidate"): Variant | undefined => {
    const variant = variants.get(rollout[key]);
    if (variant === undefined)
      report(["rollouts", name, key], unknownName("variant", rollout[key], [...variants.keys()]));
    return variant;
  };
  const control = side("control");
  const candidate = side("candidate");
  const stage = rollout.stage ?? 0;
  if (stage >= rollout.stages.length)
    report(["rollouts", name, "stage"], `there are only ${rollout.stages.length} stages, counted from 0`);
  if (control === undefined || candidate === undefined) return undefined;
  return {
    name,
    control,
    candidate,
    sticky: stickyKey(rollout.stickyBy ?? "user"),
    stages: rollout.stages,
    stage,
  };
}

function stickyKey(source: string): StickyKey {
  const dot = source.indexOf(".");
  const name = source.slice(dot + 1);
  if (dot === -1) return { from: "user" };
  return source.startsWith("metadata.")
    ? { from: "metadata", name }
    : { from: "header", name: name.toLowerCase() };
}

function headersOf(rules: readonly Rule[]): string[] {
  return [...new Set(rules.flatMap(({ when }) => (when === undefined ? [] : headersIn(when.references))))];
}
