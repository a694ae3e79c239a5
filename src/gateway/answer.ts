import type { ChatRequest } from "../domain/chat.ts";
import type { Decision, Explanation } from "../domain/decision.ts";
import { idHeaders } from "../domain/own-answer.ts";
import type { Variant } from "../domain/table.ts";
import { shape } from "./shape.ts";

/** Headers that tell a client what was decided and who answered. */
export function answerHeaders(
  requestId: string,
  { route, rule }: Decision,
  variant: Variant,
): Record<string, string> {
  return {
    ...idHeaders(requestId),
    "x-crossover-route": route,
    "x-crossover-rule": rule,
    "x-crossover-variant": variant.name,
    "x-crossover-path": variant.path,
    "cache-control": "no-store",
  };
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
    enrichment_tokens: addedTokens,
    trace,
    request: JSON.parse(wire),
  });
}
