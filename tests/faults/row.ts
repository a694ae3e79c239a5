import type { Elsewhere } from "./elsewhere.ts";
import type { Script } from "./script.ts";

/** How a call to an upstream is counted, as `crossover_upstream_attempts_total` has it. */
export type Outcome =
  | "success"
  | "client_error"
  | "auth_failed"
  | "rate_limited"
  | "server_error"
  | "bad_response"
  | "unreachable"
  | "timeout"
  | "interrupted"
  | "superseded"
  | "client_closed";

export type Attempts = Readonly<Partial<Record<Outcome, number>>>;

/** One fault with all that is expected of it, as data. */
export interface Row {
  /** What goes wrong, in words. Its letters and digits name the route, the variant and the model. */
  readonly name: string;
  /** What the upstream does at each call, or where the gateway looks for it in vain. */
  readonly upstream: readonly Script[] | Elsewhere;
  /** What a second variant's upstream does. It is there only where a row has this. */
  readonly fallback?: readonly Script[];
  /** Does the client ask for a stream? Default no. */
  readonly stream?: true;
  /** What the client does wrong. Default: nothing, it is OpenAI's own. */
  readonly client?: Client;
  /** In seconds. Default: the gateway's own. */
  readonly timeouts?: Readonly<Partial<Record<"connect" | "firstByte" | "idle" | "total", number>>>;
  /** Seconds after which the model is called a second time. Default: never. */
  readonly hedge?: number;
  readonly sees: Sees;
  readonly counted: Counted;
  /** What must not be lost, or must not happen. */
  readonly kept: string;
  /** The answer takes at least, and less than, so many milliseconds. */
  readonly takesMs?: readonly [least: number, most: number];
  /** Most MiB by which the gateway's resident memory may grow meanwhile. */
  readonly growsMiB?: number;
}

/** Rows that share a gateway. */
export interface Group {
  readonly title: string;
  readonly rows: readonly Row[];
}

export type Client =
  | "leaves before the answer"
  | "leaves while a retry waits"
  | "leaves in the middle"
  | "closes its half after the request"
  | "reads nothing, then leaves";

interface AnyAnswer {
  /** Headers of the answer; null: it has no such header. */
  readonly headers?: Readonly<Record<string, string | RegExp | null>>;
}

/** What the client sees. Texts are those of the content, as the official SDK reads it. */
export type Sees =
  | (AnyAnswer & { readonly kind: "answer"; readonly content: string })
  | (AnyAnswer & {
      readonly kind: "stream";
      readonly content: string;
      readonly ends: "[DONE]" | "its end";
    })
  /** A stream that ends with an error event. */
  | (AnyAnswer & { readonly kind: "cut"; readonly content: string | RegExp; readonly code: string })
  | (AnyAnswer & {
      readonly kind: "error";
      readonly status: number;
      readonly code: string | null;
      readonly type?: string;
      readonly param?: string;
    })
  /** What the SDK can't read, byte for byte. */
  | (AnyAnswer & { readonly kind: "bytes"; readonly contentType: string; readonly body: string })
  | { readonly kind: "nothing" };

export interface Counted {
  /** Status of `crossover_requests_total`. */
  readonly status: number;
  readonly attempts: Attempts;
  /** Calls of the second variant. */
  readonly fallback?: Attempts;
  /** Retries of the variant that is the last one of the chain. */
  readonly retries?: number;
  /** Tokens, of which the upstream told in its usage. */
  readonly tokens?: { readonly input: number; readonly output: number };
}

/** A row's name as a name in the configuration. */
export function slugOf({ name }: { readonly name: string }): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "")
    .slice(0, 55);
}

/** The name of a row's second variant. */
export function fallbackOf(row: { readonly name: string }): string {
  return `${slugOf(row)}.second`;
}

export function sumOf(attempts: Attempts = {}): number {
  return Object.values(attempts).reduce((sum, count) => sum + count, 0);
}
