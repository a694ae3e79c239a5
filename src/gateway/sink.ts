import { GatewayError } from "../domain/errors.ts";
import type { Departure, Reply, UpstreamHeaders } from "../domain/transport.ts";
import type { Usage } from "../domain/usage.ts";
import type { AttemptKind, Failure } from "./failure.ts";
import type { CutCode } from "./stream-relay.ts";

/** How a call to one upstream ended. */
export type SinkResult =
  /** The client has a whole answer, be it an error of its own making. */
  | {
      readonly outcome: "answered";
      readonly status: number;
      readonly kind: AttemptKind;
      readonly usage: Usage | undefined;
      /** On the clock of performance.now(). */
      readonly firstTokenAt: number | undefined;
    }
  /** The client has a part of an answer and an error event. */
  | {
      readonly outcome: "interrupted";
      readonly kind: AttemptKind;
      readonly code: string;
      /** The system's code for what went wrong, such as ECONNRESET. */
      readonly cause: string | undefined;
      readonly usage: Usage | undefined;
      readonly firstTokenAt: number | undefined;
    }
  /** The client has nothing yet. */
  | { readonly outcome: "failed"; readonly failure: Failure }
  | {
      readonly outcome: "client_closed";
      readonly why: Departure;
      /** Had the upstream been called? */
      readonly sent: boolean;
    };

/** The metric label of a result. */
export function kindOf(result: SinkResult): AttemptKind {
  switch (result.outcome) {
    case "answered":
    case "interrupted":
      return result.kind;
    case "failed":
      return result.failure.kind;
    case "client_closed":
      return "client_closed";
  }
}

/** The status with which the upstream answered; undefined where it did not, or where its answer broke off. */
export function statusOf(result: SinkResult): number | undefined {
  switch (result.outcome) {
    case "answered":
      return result.status;
    case "failed": {
      const { answer } = result.failure;
      return answer instanceof GatewayError ? undefined : answer.status;
    }
    case "interrupted":
    case "client_closed":
      return undefined;
  }
}

/** Why it went wrong, as far as the system tells. */
export function causeOf(result: SinkResult): string | undefined {
  switch (result.outcome) {
    case "failed":
      return result.failure.cause;
    case "interrupted":
      return result.cause ?? result.code;
    case "client_closed":
      return result.why;
    case "answered":
      return undefined;
  }
}

export interface SinkOptions {
  readonly reply: Reply;
  readonly upstreamHeaders: UpstreamHeaders;
  /** Headers of our own on this answer, and on all with the same decision. */
  readonly headers: Readonly<Record<string, string>>;
  readonly sharedHeaders: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly settler: Settler;
}

/** Hears how an attempt ended. */
export interface Settler {
  /** The model answers: the first of it is here. */
  begun(): void;
  settle(result: SinkResult): void;
}

/** The client's own fault is told at once; what another variant might do better is not. */
export function settleFailed(
  failure: Failure,
  { reply, headers, sharedHeaders, settler }: SinkOptions,
): void {
  const { kind, answer } = failure;
  if (kind !== "client_error" || answer instanceof GatewayError)
    return settler.settle({ outcome: "failed", failure });
  reply.send(answer.status, { ...answer.headers, ...sharedHeaders, ...headers }, answer.body);
  settler.settle({
    outcome: "answered",
    status: answer.status,
    kind,
    usage: undefined,
    firstTokenAt: undefined,
  });
}

/** Takes the body of an upstream's answer. */
export interface Sink {
  /** @returns false to pause the upstream */
  data(chunk: Uint8Array): boolean;
  end(): void;
  /** The body will not be completed; `failure` is what a client hears that has nothing yet. */
  cut(code: CutCode, failure: Failure): void;
  /** Tokens of the answer so far, estimated. */
  readonly outputTokens: number;
  /** Writes something without meaning, if it can. */
  breathe(): void;
  /** Frees timers. */
  close(): void;
}
