import type { RawAnswer } from "../captures/raw.ts";
import { answerOf } from "../captures/refine.ts";
import type { SchemaCheck } from "../comparison/schema-check.ts";
import { isUnusable } from "../comparison/validity.ts";
import { answerIn, finishReasonOf } from "../domain/answer.ts";
import { isObject, parseObject } from "../domain/json.ts";
import { costOf } from "../domain/usage.ts";
import type { Performance } from "../rollouts/observation.ts";
import { Assembler } from "../transport/assembler.ts";
import type { Ending } from "./facts.ts";

/** The first choice of an answer. */
export interface GivenAnswer {
  readonly message: Readonly<Record<string, unknown>>;
  readonly finishReason: string | undefined;
}

/** Reads an answer that was recorded; undefined where there is none, or it was too long to be kept whole. */
export function givenAnswer(raw: RawAnswer | undefined): GivenAnswer | undefined {
  const completion = raw === undefined || raw.truncated ? undefined : completionOf(raw);
  const message = answerIn(completion);
  return isObject(message) ? { message, finishReason: finishReasonOf(completion) } : undefined;
}

function completionOf({ text, stream }: RawAnswer): unknown {
  if (!stream) return parseObject(text);
  const assembler = new Assembler();
  assembler.push(Buffer.from(text));
  const assembled = assembler.end();
  return assembled.truncated ? undefined : answerOf(assembled);
}

export interface Performed {
  readonly ending: Ending;
  /** How long its calls and the waits between them took, in milliseconds. */
  readonly upstreamMs: number;
  /** Undefined: it is not known. */
  readonly answer: GivenAnswer | undefined;
  /** Of the JSON that the request asks for. */
  readonly check: SchemaCheck | undefined;
}

/**
 * How the decided variant did on a request that ended. That another had to answer in its place is its error too. Times
 * are the model's, without the gateway's own share and the wait for a limit, in which the variants do not differ.
 */
export function performanceOf({ ending, upstreamMs, answer, check }: Performed): Performance {
  const { decision, variant, end, times } = ending;
  const { price } = variant.model;
  if (end.status >= 400 || variant !== decision.variant) return FAILED;
  return {
    error: false,
    invalid: answer && isUnusable(answer.message, answer.finishReason, check),
    latencyMs: upstreamMs,
    firstTokenMs:
      times.firstTokenMs && Math.max(0, times.firstTokenMs - Math.max(0, times.durationMs - upstreamMs)),
    costUsd: end.usage === undefined || price === undefined ? undefined : costOf(end.usage, price),
  };
}

/** What is known of a side that failed. */
export const FAILED = {
  error: true,
  invalid: undefined,
  latencyMs: undefined,
  firstTokenMs: undefined,
  costUsd: undefined,
} as const;
