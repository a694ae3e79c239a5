import type { MetadataMode } from "./provider.ts";
import type { BareMode, Merge, Path } from "./table.ts";

/** How a request ended, for those who look for it later. */
export const CAPTURE_OUTCOMES = [
  "success",
  /** The client's own fault: an upstream refused what it asked for. */
  "client_error",
  "rate_limited",
  "server_error",
  "timeout",
  /** The answer broke off. */
  "interrupted",
  "client_closed",
] as const;
export type CaptureOutcome = (typeof CAPTURE_OUTCOMES)[number];

/** A call to a model for a request. */
export interface CapturedCall {
  readonly variant: string;
  readonly model: string;
  /** As the metric of calls to upstreams tells it, such as `success`, `timeout`, `circuit_open`. */
  readonly outcome: string;
  /** The upstream's; undefined where it did not answer, or was not called. */
  readonly status: number | undefined;
  /** Since the request came. */
  readonly startedMs: number;
  readonly durationMs: number;
  /** Made beside another one from which nothing came for a while? */
  readonly hedge: boolean;
  /** Why it was made or ended so, in words. */
  readonly note: string | undefined;
}

/** What is known of a request without its texts. */
export interface CaptureFacts {
  readonly id: string;
  /** When it came, in milliseconds since 1970. */
  readonly at: number;
  readonly route: string;
  readonly rule: string;
  /** The variant that answered, or was tried last. */
  readonly variant: string;
  /** The variant that was decided on; another one after a fallback. */
  readonly decided: string;
  readonly path: Path;
  readonly model: string;
  readonly provider: string;
  /** With which the variant decided on was chosen, above 0 and at most 1. */
  readonly propensity: number;
  readonly stickyBy: string | undefined;
  readonly stickyKey: string | undefined;
  readonly rollout: string | undefined;
  /** Index of the rollout's stage. */
  readonly stage: number | undefined;
  /** Id of the rollout's run; undefined where nobody had started it, or where that was not known: then `epoch` is 0. */
  readonly run: string | undefined;
  /** How often the weight had changed in the run. */
  readonly epoch: number | undefined;
  /** The candidate's share of the rollout's requests then, from 0 to 1. */
  readonly share: number | undefined;
  /** Version of the table that it was decided by; undefined for captures from before it was kept. */
  readonly tableVersion: string | undefined;
  /** Name of the client's key. */
  readonly key: string | undefined;
  /** OpenAI's `user`, or its newer `safety_identifier`. */
  readonly user: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly status: number;
  readonly outcome: CaptureOutcome;
  /** Code of the error that the client got. */
  readonly errorCode: string | undefined;
  readonly attempts: number;
  /** In the order in which they were made; empty where it is not known. */
  readonly calls: readonly CapturedCall[];
  readonly stream: boolean;
  /** Answered from the response cache, for which nobody is paid. */
  readonly cached: boolean;
  /** The built-in simulator answered in a model's place: good to try things, and nothing to learn from. */
  readonly simulated: boolean;
  /** Undefined where the upstream told no usage. */
  readonly inputTokens: number | undefined;
  readonly cachedInputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  /** Estimated tokens that the prompt added. */
  readonly addedTokens: number;
  /** Undefined where the usage or the price is not known. */
  readonly costUsd: number | undefined;
  readonly firstTokenMs: number | undefined;
  readonly durationMs: number;
  /** Undefined on the bare path. */
  readonly prompt: string | undefined;
  readonly promptVersion: string | undefined;
  /** Version of the recipe that turned the client's request into the upstream's. */
  readonly recipe: string;
}

/** The texts of a request, redacted. */
export interface CaptureContent {
  /** The client's body: JSON. As it was sent, unless something was redacted. */
  readonly request: string;
  /** The last user message's text. */
  readonly query: string;
  /**
   * A chat completion in OpenAI's shape, put together where it came as a stream: JSON. With a member `error` where it
   * broke off; a failed request has that alone. Undefined: there was none.
   */
  readonly answer: string | undefined;
  /** The text of its first choice. */
  readonly answerText: string;
  readonly finishReason: string | undefined;
  /** An answer too long to keep was cut. */
  readonly truncated: boolean;
}

/** A request with what came of it. */
export interface Capture extends CaptureFacts {
  /** Undefined for a request that the sample left out: facts alone are kept of it. */
  readonly content: CaptureContent | undefined;
}

/** A prompt as the configuration has it. */
export interface PromptSource {
  readonly name: string;
  readonly version: string;
  readonly system: string | undefined;
  /** Taken from a file, where braces are no templates? */
  readonly literalExamples: boolean;
  /** In their order; a file may have several of one role in a row. */
  readonly examples: readonly { readonly role: "user" | "assistant"; readonly text: string }[];
  readonly cue: string | undefined;
  readonly merge: Merge;
}

/** All that turns a client's request into an upstream's, kept once for each version, so that it can be rebuilt exactly. */
export interface Recipe {
  /** Hash of the rest. */
  readonly version: string;
  readonly prompt: PromptSource | undefined;
  /** JSON texts of request members that apply where the client gave none. */
  readonly params: Readonly<Record<string, string>>;
  readonly bare: BareMode;
  readonly upstreamModel: string;
  readonly streamUsage: boolean;
  readonly metadata: MetadataMode;
}

export type FeedbackValue = number | boolean | string;

/** An outcome that somebody gave to a request later. */
export interface Feedback {
  readonly id: string;
  readonly requestId: string;
  /** What it tells, such as `thumbs`, `score`, `label`; `correction` is a better answer's text. */
  readonly name: string;
  readonly value: FeedbackValue;
  readonly comment: string | undefined;
  /** Name of the key that gave it. */
  readonly key: string | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What one variant of a route took within one hour. Counts every request, also those that are not captured. */
export interface UsageHour {
  /** When the hour began, in milliseconds since 1970. */
  readonly hour: number;
  readonly route: string;
  readonly variant: string;
  readonly path: Path;
  readonly model: string;
  readonly promptVersion: string | undefined;
  readonly requests: number;
  /** Those of them whose status is 400 and above. */
  readonly errors: number;
  /** Those of them for which the model or its server is to blame. */
  readonly failures: number;
  /** Those that the response cache answered. */
  readonly cached: number;
  /** Those whose cost is known; the sums below rest on these and on known usage. */
  readonly priced: number;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly addedTokens: number;
  readonly costUsd: number;
  /** Sum of the squares of the costs, for intervals. */
  readonly costUsdSquares: number;
  readonly durationMs: number;
}
