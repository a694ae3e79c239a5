import type { RawAnswer } from "../captures/raw.ts";
import type { CapturedCall, CaptureFacts, CaptureOutcome } from "../domain/capture.ts";
import { type ChatRequest, userOf } from "../domain/chat.ts";
import type { Decision } from "../domain/decision.ts";
import type { Variant } from "../domain/table.ts";
import { costOf } from "../domain/usage.ts";
import { CLIENT_CLOSED, type End, type Times } from "./request-line.ts";

/** A request that has ended. */
export interface Ending {
  readonly id: string;
  readonly decision: Decision;
  /** Of the table that it was decided by. */
  readonly tableVersion: string;
  /** The one that answered, or was tried last. */
  readonly variant: Variant;
  readonly end: End;
  readonly attempts: number;
  readonly calls: readonly CapturedCall[];
  readonly cached: boolean;
  readonly times: Times;
  /** What the client got; undefined where nothing was recorded. */
  readonly answer: RawAnswer | undefined;
  /** Did the client ever take so little that the upstream had to wait? */
  readonly paused: boolean;
}

/** What is known of a request without its texts. @param key name of the client's key */
export function factsOf(request: ChatRequest, key: string | undefined, ending: Ending): CaptureFacts {
  const { id, decision, tableVersion, variant, end, attempts, calls, cached, times } = ending;
  const { usage, status } = end;
  const { fields } = request;
  const { price } = variant.model;
  return {
    id,
    at: Math.round(Date.now() - times.durationMs),
    route: decision.route,
    rule: decision.rule,
    variant: variant.name,
    decided: decision.variant.name,
    path: variant.path,
    model: variant.model.name,
    provider: variant.model.provider,
    propensity: decision.propensity,
    stickyBy: decision.stickyBy,
    stickyKey: decision.stickyKey,
    rollout: decision.rollout,
    stage: decision.stage,
    run: decision.run,
    epoch: decision.epoch,
    share: decision.share,
    tableVersion,
    key,
    user: userOf(request),
    metadata: fields.metadata,
    status,
    outcome: outcomeOf(end),
    errorCode: end.code,
    attempts,
    calls: inOrder(calls),
    stream: fields.stream,
    cached,
    simulated: variant.model.simulated,
    inputTokens: usage?.input,
    cachedInputTokens: usage?.cachedInput,
    outputTokens: usage?.output,
    addedTokens: times.addedTokens,
    costUsd: usage === undefined || price === undefined ? undefined : costOf(usage, price),
    firstTokenMs: times.firstTokenMs,
    durationMs: times.durationMs,
    prompt: variant.prompt?.name,
    promptVersion: variant.prompt?.version,
    recipe: variant.recipe.version,
  };
}

/** A call beside another may end before it. */
function inOrder(calls: readonly CapturedCall[]): readonly CapturedCall[] {
  return calls.length < 2 ? calls : calls.toSorted((a, b) => a.startedMs - b.startedMs);
}

function outcomeOf({ status, outcome }: End): CaptureOutcome {
  if (outcome === "interrupted") return "interrupted";
  if (status === CLIENT_CLOSED) return "client_closed";
  if (status === 429) return "rate_limited";
  if (status === 504) return "timeout";
  if (status >= 500) return "server_error";
  return status >= 400 ? "client_error" : "success";
}
