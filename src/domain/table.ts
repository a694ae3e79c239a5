import type { PromptSource, Recipe } from "./capture.ts";
import type { ChatLimits, Message } from "./chat.ts";
import type { JsonText } from "./json.ts";
import type { Target } from "./provider.ts";
import type { RedactionSettings, Redactor } from "./redactor.ts";
import type { Rollout } from "./rollout.ts";
import type { RequestView } from "./signals.ts";
import type { Endpoint } from "./transport.ts";
import type { Provider, TuningAccess, TuningSettings } from "./tuning.ts";
import type { Price } from "./usage.ts";

/** The compiled configuration. A request keeps the table with which it began; a reload makes a new one. */
export interface Table {
  /** Hash of the configuration, to tell one table from another. */
  readonly version: string;
  readonly server: ServerSettings;
  readonly routes: ReadonlyMap<string, Route>;
  readonly rollouts: ReadonlyMap<string, Rollout>;
  readonly variants: ReadonlyMap<string, Variant>;
  readonly models: ReadonlyMap<string, Model>;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly prompts: ReadonlyMap<string, Prompt>;
  readonly keys: readonly Key[];
  /** What all keys with a tag may take together, by tag. */
  readonly tagLimits: ReadonlyMap<string, LimitSettings>;
  readonly limiting: LimitingSettings;
  /** Undefined: limits are the process's own. */
  readonly redis: RedisSettings | undefined;
  /** Most bytes of answers that the cache keeps. */
  readonly cacheBytes: number;
  readonly retries: RetrySettings;
  /** Undefined: no circuit ever opens. */
  readonly breaker: BreakerSettings | undefined;
  readonly redaction: Redaction;
  /** Undefined: nothing is kept. */
  readonly store: StoreSettings | undefined;
  readonly compare: CompareSettings;
  readonly tuning: TuningSettings;
  /** How what the simulator made is reached, also of a provider that it plays no longer; undefined: there is none. */
  readonly simulation: TuningAccess | undefined;
  /** Things that are allowed but that a user should know, such as a provider being simulated. */
  readonly notices: readonly string[];
}

/** How variants are compared. */
export interface CompareSettings {
  /** Makes embeddings of answers; undefined: their likeness in meaning is not measured. */
  readonly embedding: Model | undefined;
  /** Tells which of two answers is better. */
  readonly judge: JudgeSettings | undefined;
  /** Most calls at a time. */
  readonly concurrency: number;
}

export interface JudgeSettings {
  readonly variant: Variant;
  /** What makes an answer good, in words. */
  readonly rubric: string;
}

/** What takes secrets out, the configuration's own included. */
export interface Redaction {
  /** For lines of the log: secrets alone. */
  readonly secrets: Redactor;
  /** For prompts and answers that are stored: what the configuration asks for too. */
  readonly stored: Redactor;
  /** Of which `stored` is made. */
  readonly settings: RedactionSettings;
}

export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  readonly adminToken: string | undefined;
  readonly metricsToken: string | undefined;
  /** Where created keys are kept, relative to the working directory. */
  readonly dataDir: string;
  readonly maxBodyBytes: number;
  readonly maxResponseBytes: number;
  /** For request bodies. */
  readonly jsonLimits: ChatLimits;
  /** Milliseconds after which a client is let go that takes nothing of what waits for it. */
  readonly clientTimeout: number;
  /** Milliseconds for a whole request to arrive. */
  readonly requestTimeout: number;
  /** Milliseconds that requests under way may take to end when the gateway stops. */
  readonly drain: number;
  readonly maxConnections: number;
  /** Of all requests under way together. */
  readonly maxBufferedBytes: number;
  readonly requestLog: boolean;
}

/** Milliseconds. */
export interface Timeouts {
  readonly connect: number;
  /** Until a stream begins. */
  readonly firstByte: number;
  /** Until an unstreamed answer begins, which is when the model is done. */
  readonly whole: number;
  readonly idle: number;
  readonly total: number;
}

export interface RetrySettings {
  /** Most retries on the last variant of a chain, and on one that has a fallback left. */
  readonly most: number;
  readonly beforeFallback: number;
  /** No retry begins later than this, in milliseconds since the request began. */
  readonly deadlineMs: number;
  /** Share of an upstream's recent requests below which retries stay, from 0 to 1. */
  readonly share: number;
}

/** What may be taken at most; undefined: as much as wanted. */
export interface LimitSettings {
  readonly requestsPerMinute: number | undefined;
  readonly tokensPerMinute: number | undefined;
  readonly concurrentStreams: number | undefined;
  readonly usdPerDay: number | undefined;
  readonly usdPerMonth: number | undefined;
}

export interface LimitingSettings {
  /** Tokens that an answer is reckoned with where the request names no most. */
  readonly outputTokens: number;
  /** How long a request waits while others have reserved what is left of a budget, in milliseconds. */
  readonly waitMs: number;
}

export interface RedisSettings {
  readonly url: string;
  readonly cluster: boolean;
  /** What a request waits for it at most, in milliseconds. */
  readonly timeoutMs: number;
}

/** Where captures are kept, and for how long. */
export interface StoreSettings {
  /** `file:PATH`, relative to the working directory, or `postgres://...`. */
  readonly url: string;
  /** Does the configuration say so, or is it the default? */
  readonly isStated: boolean;
  readonly retention: RetentionSettings;
}

/** What is older goes, then the oldest until the rest fits. */
export interface RetentionSettings {
  readonly maxAgeMs: number;
  readonly maxBytes: number;
}

/** When calls are kept from an upstream that fails. */
export interface BreakerSettings {
  /** Fewest calls within ten seconds on which a judgement rests. */
  readonly requests: number;
  /** Share of them that fail, above 0 and at most 1. */
  readonly failures: number;
  /** How often in a row the model fails a request that a fallback then answers. */
  readonly outdone: number;
  /** The first wait before a probe, and the longest, in milliseconds. */
  readonly waitMs: number;
  readonly maxWaitMs: number;
}

export interface Model {
  readonly name: string;
  readonly provider: string;
  readonly kind: string;
  /** Is it played by the built-in simulator? */
  readonly simulated: boolean;
  readonly upstreamModel: string;
  readonly fineTuned: boolean;
  /** What it was trained from, as far as that is said. */
  readonly baseModel: string | undefined;
  /** SHA-256 of the file it was trained on. */
  readonly datasetHash: string | undefined;
  /** Id of the job that trained it. */
  readonly tuningJob: string | undefined;
  readonly price: Price | undefined;
  /** USD, once. Undefined: not known. */
  readonly trainingCost: number | undefined;
  readonly target: Target;
  /** The target with all headers of a call, for a streamed answer, for a whole one and for embeddings. */
  readonly endpoints: {
    readonly stream: Endpoint;
    readonly whole: Endpoint;
    readonly embeddings?: Endpoint | undefined;
  };
  readonly timeouts: Timeouts;
}

export type Merge = "prepend" | "append" | "replace";

/** A text with variables; rendering never runs code. */
export interface Template {
  render(variables: TemplateVariables): RenderedText;
}

export interface RenderedText extends JsonText {
  /** Estimated, without those of the query. */
  readonly tokens: number;
  /** How often the query stands in the text. */
  readonly queries: number;
}

export interface TemplateVariables {
  /** The text of the last user message; of several text parts, the last. */
  readonly query: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A message of a few-shot example. One without variables is built once, when the configuration loads. */
export type ExampleMessage =
  | { readonly fixed: Message; readonly tokens: number }
  | { readonly role: "user" | "assistant"; readonly template: Template };

export interface Prompt {
  readonly name: string;
  /** Hash of the content. */
  readonly version: string;
  readonly system: Template | undefined;
  readonly examples: readonly ExampleMessage[];
  readonly cue: Template | undefined;
  readonly merge: Merge;
  /** Of which all this is made. */
  readonly source: PromptSource;
}

export type Path = "enriched" | "bare";
export type BareMode = "strip-system" | "keep";

/** What makes an upstream's request out of a client's. */
export interface Shaping {
  readonly model: { readonly target: Pick<Target, "model" | "streamUsage" | "metadata"> };
  readonly prompt: Prompt | undefined;
  /** JSON texts of request members that apply where the client gave none. */
  readonly params: Readonly<Record<string, string>>;
  readonly bare: BareMode;
}

export interface Variant extends Shaping {
  readonly name: string;
  readonly path: Path;
  readonly model: Model;
  /** Variants to try, in this order, when this one fails before its first byte. */
  readonly fallback: readonly string[];
  /** Call a second time when the client has nothing after so many milliseconds; undefined: never. */
  readonly hedgeMs: number | undefined;
  /** All of it that makes an upstream's request out of a client's. */
  readonly recipe: Recipe;
}

/** What makes a split sticky. */
export type StickyKey =
  | { readonly from: "user" }
  | { readonly from: "metadata"; readonly name: string }
  | { readonly from: "header"; readonly name: string };

export interface Arm {
  readonly variant: Variant;
  /** Share of the traffic, from 0 to 1; the arms of a split sum to 1. */
  readonly share: number;
}

export type Use =
  | { readonly kind: "variant"; readonly variant: Variant }
  | {
      readonly kind: "split";
      readonly name: string;
      readonly arms: readonly Arm[];
      readonly sticky: StickyKey | undefined;
    }
  | { readonly kind: "rollout"; readonly rollout: Rollout };

/** A value that a condition looks at, such as `metadata.tier`. */
export interface Reference {
  readonly path: string;
  readonly segments: readonly string[];
  read(view: ConditionView): unknown;
}

/** Whether a condition holds; "error" when it can't be evaluated, such as for a missing key. */
export type Verdict = boolean | "error";

/** A value without which a condition is false: the reference is missing, or one of `values`, or it does not hold. */
export interface Anchor {
  /** Tells one reference from another. */
  readonly path: string;
  /** @returns undefined when it is not there */
  read(view: ConditionView): unknown;
  readonly values: readonly string[];
  /** Is the condition nothing but this test, so that it can't be evaluated where the reference is missing? */
  readonly whole: boolean;
}

/** A compiled condition. */
export interface Condition {
  readonly source: string;
  readonly references: readonly Reference[];
  readonly anchor: Anchor | undefined;
  verdict(view: ConditionView): Verdict;
  /** The verdict once more, for a trace. @throws Error that says why it can't be evaluated */
  test(view: ConditionView): boolean;
}

/** What conditions see: each member is one of their variables. */
export type ConditionView = {
  readonly request: RequestView;
  readonly metadata: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly key: { readonly name: string; readonly tags: readonly string[] };
  readonly time: Date;
  readonly health: Readonly<Record<string, VariantHealth>>;
};

/** How a variant did lately. */
export interface VariantHealth {
  /** No more than half of the recent requests failed. */
  readonly ok: boolean;
  /** Share of failures among the recent requests, 0 to 1. */
  readonly errorRate: number;
  /** How many recent requests this rests on. */
  readonly requests: bigint;
}

export interface Rule {
  readonly name: string;
  readonly when: Condition | undefined;
  readonly use: Use;
}

/** A rule that may match. */
export interface Candidate {
  readonly rule: Rule;
  /** It can't be evaluated, as what it compares is not there. */
  readonly fails: boolean;
}

export interface Route {
  readonly name: string;
  readonly description: string | undefined;
  readonly rules: readonly Rule[];
  /** The rules that may match or fail, in their order; all others are false for certain. */
  candidates(view: ConditionView): readonly Candidate[];
  /** Names of the headers that its conditions look at, in lower case. */
  readonly headers: readonly string[];
  /** What all its clients may take together. */
  readonly limits: LimitSettings | undefined;
  /** Undefined: every request is answered anew. */
  readonly cache: CacheSettings | undefined;
  /** Undefined: nothing is captured. */
  readonly capture: CaptureSettings | undefined;
}

/** Which requests are kept with their texts. */
export interface CaptureSettings {
  /** Share of the requests, from 0 to 1. */
  readonly sample: number;
  /** All that fail too? */
  readonly errors: boolean;
}

/** Answers of a route are given again to the same request. */
export interface CacheSettings {
  /** For so many milliseconds. */
  readonly ttlMs: number;
}

/** What proves a key: the hash of its secret. */
export interface KeyProof {
  /** SHA-256 of the secret, 64 hexadecimal digits. */
  readonly hash: string;
  /** Milliseconds since 1970, from which on it proves nothing; undefined: as long as the key is valid. */
  readonly until: number | undefined;
}

/** A client's key. Only hashes of its secrets are kept. */
export interface Key {
  readonly name: string;
  /** One, or several while a rotation lets the old secret live beside the new one; none for a revoked key. */
  readonly proofs: readonly KeyProof[];
  /** The secret's last four characters; undefined where only the hash was ever known. */
  readonly hint: string | undefined;
  readonly tags: readonly string[];
  /** Routes that it may use; undefined: all. */
  readonly routes: readonly string[] | undefined;
  readonly forceVariant: boolean;
  /** May it use the admin surface? */
  readonly admin: boolean;
  /** May its requests be captured? */
  readonly capture: boolean;
  readonly limits: LimitSettings | undefined;
  /** Milliseconds since 1970, from which on it is as good as unknown; undefined: never. */
  readonly expiresAt: number | undefined;
}
