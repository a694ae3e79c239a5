import type { ChatRequest } from "../domain/chat.ts";
import type { Decision, Explanation, Step } from "../domain/decision.ts";
import { forbidden, GatewayError, modelNotAllowed, modelNotFound } from "../domain/errors.ts";
import { RequestView, type Signals } from "../domain/signals.ts";
import type { Candidate, ConditionView, Route, Rule, Table } from "../domain/table.ts";
import { type Choice, choose } from "./choose.ts";
import { explainMiss, seenValues } from "./explain.ts";
import { reaches } from "./reach.ts";

/**
 * Chooses a variant for a request. Pure: the same request, table and signals give the same decision.
 * @throws GatewayError 404 `model_not_found`, 403 when the key may not use the route or force a variant
 * @example decide(request, table, signals).variant.name // "prompted"
 */
export function decide(request: ChatRequest, table: Table, signals: Signals): Decision {
  return walk(request, table, signals, undefined);
}

/** `decide`, with each rule that was tried, what it saw and why it matched or not. */
export function explain(request: ChatRequest, table: Table, signals: Signals): Explanation {
  const trace: Step[] = [];
  return { decision: walk(request, table, signals, trace), trace };
}

function walk(request: ChatRequest, table: Table, signals: Signals, trace: Step[] | undefined): Decision {
  const route = routeFor(request.fields.model, table, signals);
  if (signals.force !== undefined) return forced(route, signals.force, table, signals, trace);
  const view = viewOf(request, route, signals);
  const failedRules: string[] = [];
  // A trace shows every rule up to the one that matched.
  const candidates = trace === undefined ? route.candidates(view) : route.rules.map(tried);
  for (const candidate of candidates) {
    const { rule } = candidate;
    if (matches(candidate, view, failedRules, trace)) {
      const chosen = choose(rule.use, request, signals);
      trace?.push(lastStep(rule, view, chosen));
      return decisionOf(route, rule.name, chosen, failedRules);
    }
  }
  // The configuration refuses a route whose last rule can fail to match.
  throw new RangeError(`route ${route.name} has no rule that always matches`);
}

function routeFor(model: string, table: Table, { key }: Signals): Route {
  const route = table.routes.get(model);
  if (route === undefined) throw modelNotFound(model);
  if (key?.routes?.includes(model) === false) throw modelNotAllowed(model);
  return route;
}

function forced(
  route: Route,
  name: string,
  table: Table,
  { key }: Signals,
  trace: Step[] | undefined,
): Decision {
  if (key !== undefined && !key.forceVariant) {
    throw forbidden(
      "insufficient_permissions",
      "Your key may not choose a variant with x-crossover-variant.",
    );
  }
  // One answer for what is elsewhere and for what is nowhere, so that a key learns nothing of other routes.
  if (key?.routes !== undefined && !reaches(route, name)) {
    throw forbidden(
      "insufficient_permissions",
      `Your key may choose only variants that the rules of \`${route.name}\` name, and their fallbacks.`,
      "x-crossover-variant",
    );
  }
  const variant = table.variants.get(name);
  if (variant === undefined) {
    throw new GatewayError({
      status: 400,
      type: "invalid_request_error",
      code: "invalid_value",
      message: "The header x-crossover-variant names no variant.",
      param: "x-crossover-variant",
    });
  }
  trace?.push({
    rule: "forced",
    when: null,
    matched: true,
    values: { "x-crossover-variant": name },
    why: "the header x-crossover-variant chose the variant",
  });
  return decisionOf(route, "forced", { variant, propensity: 1 }, []);
}

function viewOf(request: ChatRequest, route: Route, signals: Signals): ConditionView {
  const headers: Record<string, string> = {};
  for (const name of route.headers) {
    const value = signals.header(name);
    if (value !== undefined) headers[name] = value;
  }
  return {
    request: new RequestView(request),
    metadata: request.fields.metadata,
    headers,
    key: { name: signals.key?.name ?? "", tags: signals.key?.tags ?? [] },
    time: signals.now,
    health: signals.health,
  };
}

function tried(rule: Rule): Candidate {
  return { rule, fails: false };
}

function matches(
  { rule, fails }: Candidate,
  view: ConditionView,
  failedRules: string[],
  trace: Step[] | undefined,
): boolean {
  if (rule.when === undefined) return true;
  const verdict = fails ? "error" : rule.when.verdict(view);
  if (verdict === true) return true;
  if (verdict === "error") failedRules.push(rule.name);
  trace?.push({
    rule: rule.name,
    when: rule.when.source,
    matched: false,
    values: seenValues(rule.when, view),
    why: explainMiss(rule.when, view),
  });
  return false;
}

function lastStep(rule: Rule, view: ConditionView, chosen: Choice): Step {
  const why = rule.when === undefined ? "the rule has no condition" : "the condition is true";
  return {
    rule: rule.name,
    when: rule.when?.source ?? null,
    matched: true,
    values: rule.when === undefined ? {} : seenValues(rule.when, view),
    why: chosen.how === undefined ? why : `${why}; ${chosen.how}`,
  };
}

function decisionOf(route: Route, rule: string, choice: Choice, failedRules: readonly string[]): Decision {
  return {
    route: route.name,
    rule,
    variant: choice.variant,
    path: choice.variant.path,
    propensity: choice.propensity,
    stickyBy: choice.stickyBy,
    stickyKey: choice.stickyKey,
    rollout: choice.rollout?.name,
    stage: choice.position?.stage,
    share: choice.position?.share,
    run: choice.position?.run,
    epoch: choice.position?.epoch,
    failedRules,
  };
}
