import type { Rollout } from "../domain/rollout.ts";
import type { Condition, Route, Rule, Use, Variant } from "../domain/table.ts";
import type { CaptureConfig } from "./capture-schema.ts";
import { type CompileContext, type Defined, lookUp } from "./compile.ts";
import { compileCapture } from "./compile-capture.ts";
import { toLimits } from "./compile-limits.ts";
import { compileCondition, namesIn } from "./condition.ts";
import type { ConfigPath } from "./problem.ts";
import { indexRules } from "./rule-index.ts";
import type { RouteConfig, UseConfig } from "./schema.ts";
import { stickyKey } from "./sticky.ts";

interface RouteContext {
  /** What is captured where a route does not say it. */
  readonly capture: CaptureConfig | undefined;
  readonly variants: Defined<Variant>;
  readonly rollouts: Defined<Rollout>;
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
  return {
    name,
    description: route.description,
    rules,
    candidates: indexRules(rules),
    headers: headersOf(rules),
    limits: toLimits(route.limits),
    cache: route.cache && { ttlMs: route.cache.ttl * 1000 },
    capture: compileCapture(route.capture, context.capture),
  };
}

function condition(
  source: string | undefined,
  path: ConfigPath,
  { variants, report }: RouteContext,
): Condition | undefined {
  if (source === undefined) return undefined;
  try {
    const compiled = compileCondition(source);
    for (const name of namesIn("health", compiled.references))
      lookUp("variant", name, variants, path, report);
    return compiled;
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
    const variant = lookUp("variant", use, variants, path, report);
    return variant && { kind: "variant", variant };
  }
  if ("rollout" in use) {
    const rollout = lookUp("rollout", use.rollout, rollouts, [...path, "rollout"], report);
    return rollout && { kind: "rollout", rollout };
  }
  const total = Object.values(use.split).reduce((sum, weight) => sum + weight, 0);
  if (total <= 0) report([...path, "split"], "the weights add up to nothing");
  const arms = Object.entries(use.split).flatMap(([name, weight]) => {
    const variant = lookUp("variant", name, variants, [...path, "split", name], report);
    return variant === undefined ? [] : [{ variant, share: weight / total }];
  });
  return {
    kind: "split",
    name: use.name ?? owner,
    arms,
    sticky: use.stickyBy === undefined ? undefined : stickyKey(use.stickyBy, [...path, "stickyBy"], report),
  };
}

function headersOf(rules: readonly Rule[]): string[] {
  return [...new Set(rules.flatMap(({ when }) => namesIn("headers", when?.references ?? [])))];
}
