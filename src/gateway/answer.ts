import type { ChatRequest } from "../domain/chat.ts";
import type { Decision, Explanation } from "../domain/decision.ts";
import { known, Made } from "../domain/made.ts";
import { idHeaders } from "../domain/own-answer.ts";
import type { Variant } from "../domain/table.ts";
import { shape } from "./shape.ts";

/** What is told of every answer with one route, rule and variant. */
export interface Told {
  readonly headers: Readonly<Record<string, string>>;
  /** Members of a JSON object, for the log. */
  readonly log: string;
}

const told = new WeakMap<Variant, Made<string, Made<string, Told>>>();

/** Made once for each variant, route and rule, and kept as long as the variant. */
export function toldOf({ route, rule }: Decision, variant: Variant): Told {
  return known(told, variant, toldByRoute).get(route).get(rule);
}

function toldByRoute(variant: Variant): Made<string, Made<string, Told>> {
  return new Made((route) => new Made((rule) => newTold(route, rule, variant)));
}

function newTold(route: string, rule: string, { name: variant, path, model }: Variant): Told {
  const fields = { route, rule, variant, path, model: model.name, provider: model.provider };
  return {
    headers: {
      "x-crossover-route": route,
      "x-crossover-rule": rule,
      "x-crossover-variant": variant,
      "x-crossover-path": path,
      "cache-control": "no-store",
    },
    log: JSON.stringify(fields).slice(1, -1),
  };
}

/** Headers that tell a client what was decided and who answered. */
export function answerHeaders(
  requestId: string,
  decision: Decision,
  variant: Variant,
  attempts?: number,
): Record<string, string> {
  return { ...idHeaders(requestId, attempts), ...toldOf(decision, variant).headers };
}

/** A decision with its trace, and the request that would be sent. */
export function decisionJson(request: ChatRequest, { decision, trace }: Explanation): string {
  const { variant, route, rule, path, propensity } = decision;
  const { wire, addedTokens } = shape(request, variant);
  return JSON.stringify({
    object: "crossover.decision",
    route,
    rule,
    variant: variant.name,
    path,
    model: variant.model.name,
    provider: variant.model.provider,
    upstream_model: variant.model.target.model,
    prompt:
      variant.prompt === undefined ? null : { name: variant.prompt.name, version: variant.prompt.version },
    propensity,
    sticky_by: decision.stickyBy ?? null,
    sticky_key: decision.stickyKey ?? null,
    rollout: decision.rollout ?? null,
    stage: decision.stage ?? null,
    share: decision.share ?? null,
    run: decision.run ?? null,
    enrichment_tokens: addedTokens,
    trace,
    request: JSON.parse(wire),
  });
}
