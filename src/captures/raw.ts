import type { CaptureFacts, Recipe, UsageHour } from "../domain/capture.ts";

/** An answer as the client got it. */
export interface RawAnswer {
  readonly text: string;
  /** Is the text a stream of events, and no JSON? */
  readonly stream: boolean;
  /** It was too long to be kept whole. */
  readonly truncated: boolean;
}

/** The texts of a request as they passed. */
export interface RawContent {
  /** The client's body. */
  readonly request: string;
  /** Undefined: nothing of it was sent. */
  readonly answer: RawAnswer | undefined;
}

/**
 * A request that is handed over as it passed: not redacted, streams in pieces. Plain data with strings, which a thread
 * can be sent at less cost than bytes.
 */
export interface RawCapture {
  readonly facts: CaptureFacts;
  /** With which its upstream's request can be built again. The same object for all requests with the same. */
  readonly recipe: Recipe;
  /** Undefined: facts alone are kept. */
  readonly content: RawContent | undefined;
}

/** All that one write takes; see `Batch`. Recipes come with their captures. */
export interface RawBatch {
  readonly captures: readonly RawCapture[];
  readonly usage: readonly UsageHour[];
  /** Undefined where there is no usage. */
  readonly usageId?: string | undefined;
}

/** Takes batches to where they are refined and stored. */
export interface RawSink {
  /** Resolves once it is committed, whole. @throws StoreError; then nothing of it is committed */
  write(batch: RawBatch): Promise<void>;
}

/** What the facts of a capture take, in bytes, as far as nobody counts. */
const FACTS_BYTES = 1024;

/** The memory that a capture takes, in bytes. */
export function bytesOf({ content }: RawCapture): number {
  if (content === undefined) return FACTS_BYTES;
  const answer = content.answer === undefined ? 0 : Buffer.byteLength(content.answer.text);
  return FACTS_BYTES + Buffer.byteLength(content.request) + answer;
}
