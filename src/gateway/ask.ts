import type { Answered, Outcome } from "../comparison/answered.ts";
import { answerIn, finishReasonOf } from "../domain/answer.ts";
import { type ChatRequest, streamed } from "../domain/chat.ts";
import type { Decision } from "../domain/decision.ts";
import { GatewayError } from "../domain/errors.ts";
import { isObject, memberOf, parseJson } from "../domain/json.ts";
import { known } from "../domain/made.ts";
import { newRequestId } from "../domain/own-answer.ts";
import type { Variant } from "../domain/table.ts";
import { costOf } from "../domain/usage.ts";
import type { CallDeps } from "./call.ts";
import { Chain, type ChainResult } from "./chain.ts";
import { CollectedReply } from "./collected-reply.ts";
import type { Permit } from "./permit.ts";
import type { Wanted } from "./reckoning.ts";
import { type Shaped, shape } from "./shape.ts";

export interface AskDeps extends Omit<CallDeps, "id" | "reply"> {
  /** The route in whose name models are called; empty: none. */
  readonly route: string;
  /** Ask as the request says, and not always for a stream? Default false. */
  readonly asSent?: boolean;
  /**
   * Reserves what a call may take.
   * @throws GatewayError when it may not be made
   */
  readonly admit?: (wanted: Wanted, signal: AbortSignal) => Promise<Permit | undefined>;
}

/**
 * Asks one variant for the gateway itself: with its retries, timeouts and circuit, without its fallbacks, the cache or
 * a capture. The answer is asked for as a stream, as only then the time to the first token shows, unless it is wanted as
 * a client would get it.
 * @throws the signal's reason once it is aborted
 */
export async function ask(
  deps: AskDeps,
  request: ChatRequest,
  variant: Variant,
  signal: AbortSignal,
): Promise<Answered> {
  signal.throwIfAborted();
  const sent = deps.asSent || isAudio(request) ? request : streamed(request);
  let shaped: Shaped;
  let permit: Permit | undefined;
  try {
    shaped = shape(sent, variant);
    const wanted = { request, variant, table: deps.table, addedTokens: shaped.addedTokens };
    permit = await deps.admit?.(wanted, signal);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { ...UNASKED, variant, outcome: failureOf(error) };
  }
  signal.throwIfAborted();
  const beganAt = performance.now();
  const reply = new CollectedReply(signal);
  const chain = new Chain(
    { ...deps, id: newRequestId(), reply },
    {
      request: sent,
      decision: decisionFor(deps.route, known(alone, variant, withoutFallback)),
      shaped,
      beganAt,
      caching: undefined,
      headers: {},
    },
  );
  const result = await chain.run().catch((error: unknown) => {
    permit?.settle({ variant: undefined, usage: undefined, outputTokens: 0 });
    throw error;
  });
  const latencyMs = performance.now() - beganAt;
  const { usage, firstTokenAt } = { usage: undefined, firstTokenAt: undefined, ...result };
  permit?.settle({
    variant: tookIt(result) ? variant : undefined,
    usage,
    outputTokens: chain.tally.outputTokens,
  });
  signal.throwIfAborted();
  const { price } = variant.model;
  return {
    variant,
    outcome: outcomeOf(result, reply.body()),
    usage,
    addedTokens: shaped.addedTokens,
    costUsd: usage === undefined || price === undefined ? undefined : costOf(usage, price),
    latencyMs,
    firstTokenMs: firstTokenAt === undefined ? undefined : firstTokenAt - beganAt,
  };
}

const UNASKED = {
  addedTokens: 0,
  usage: undefined,
  costUsd: undefined,
  latencyMs: 0,
  firstTokenMs: undefined,
} as const;

const alone = new WeakMap<Variant, Variant>();

function withoutFallback(variant: Variant): Variant {
  return { ...variant, fallback: [] };
}

function decisionFor(route: string, variant: Variant): Decision {
  return {
    route,
    rule: "compare",
    variant,
    path: variant.path,
    propensity: 1,
    stickyBy: undefined,
    stickyKey: undefined,
    rollout: undefined,
    stage: undefined,
    share: undefined,
    run: undefined,
    epoch: undefined,
    failedRules: [],
  };
}

/** Streams carry sound in another format than whole answers. */
function isAudio({ body }: ChatRequest): boolean {
  const { modalities } = body;
  return Array.isArray(modalities) && modalities.includes("audio");
}

/** Did an upstream take the request, so that it is paid for? */
function tookIt(result: ChainResult): boolean {
  switch (result.outcome) {
    case "answered":
      return result.kind === "success";
    case "interrupted":
      return true;
    case "client_closed":
      return result.sent;
    case "refused":
      return false;
  }
}

/** @param body the completion or the error that came */
function outcomeOf(result: ChainResult, body: unknown): Outcome {
  switch (result.outcome) {
    case "answered":
      return result.kind === "success" ? answerOf(body) : toldFailure(result.status, body);
    case "interrupted":
      return toldFailure(502, body);
    case "refused": {
      const answer = result.failed.at(-1)?.failure.answer;
      if (answer instanceof GatewayError) return failureOf(answer);
      return toldFailure(answer?.status ?? 502, parseJson(answer?.body ?? ""));
    }
    case "client_closed":
      return { kind: "failure", status: 499, code: undefined, message: "The comparison was ended." };
  }
}

function answerOf(completion: unknown): Outcome {
  const message = answerIn(completion);
  if (!isObject(message))
    return {
      kind: "failure",
      status: 502,
      code: "upstream_bad_response",
      message: "The model's server gave no answer.",
    };
  return { kind: "answer", message, finishReason: finishReasonOf(completion) };
}

function toldFailure(status: number, body: unknown): Outcome {
  const error = memberOf(body, "error");
  const [message, code] = [memberOf(error, "message"), memberOf(error, "code")];
  return {
    kind: "failure",
    status,
    code: typeof code === "string" ? code : undefined,
    message: typeof message === "string" ? message : `The model's server answered ${status}.`,
  };
}

function failureOf({ status, code, message }: GatewayError): Outcome {
  return { kind: "failure", status, code, message };
}
