import type { ChatRequest } from "../domain/chat.ts";
import type { JudgeSettings, Variant } from "../domain/table.ts";
import type { Usage } from "../domain/usage.ts";

/** An answer, or why there is none. */
export type Outcome =
  | {
      readonly kind: "answer";
      /** The first choice's, in OpenAI's shape. */
      readonly message: Readonly<Record<string, unknown>>;
      readonly finishReason: string | undefined;
    }
  | {
      readonly kind: "failure";
      readonly status: number;
      readonly code: string | undefined;
      readonly message: string;
    };

/** What came of asking one variant, and what it took. */
export interface Answered {
  readonly variant: Variant;
  readonly outcome: Outcome;
  /** Undefined where the upstream told none. */
  readonly usage: Usage | undefined;
  /** Estimated tokens that the prompt added. */
  readonly addedTokens: number;
  /** Undefined where the usage or the price is not known. */
  readonly costUsd: number | undefined;
  /** From the call until its end, retries included. */
  readonly latencyMs: number;
  /** Undefined where the answer came in one piece. */
  readonly firstTokenMs: number | undefined;
}

/**
 * Asks one variant, and no other in its place. What fails is an outcome too.
 * @throws the signal's reason once it is aborted
 */
export type Ask = (request: ChatRequest, variant: Variant, signal: AbortSignal) => Promise<Answered>;

/**
 * Embeddings of texts, in their order.
 * @returns undefined when they could not be had
 * @throws the signal's reason once it is aborted
 */
export type Embed = (
  texts: readonly string[],
  signal: AbortSignal,
) => Promise<readonly (readonly number[])[] | undefined>;

/** What a comparison works with. */
export interface Tools {
  readonly ask: Ask;
  /** Undefined: likeness in meaning is not measured. */
  readonly embed: Embed | undefined;
  /** Undefined: nobody judges. */
  readonly judge: JudgeSettings | undefined;
  /** Takes secrets out of what a judge or an embedding model gets to read. */
  readonly redact: (text: string) => string;
}
