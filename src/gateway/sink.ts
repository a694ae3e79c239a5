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
      readonly usage: Usage | undefined;
      readonly firstTokenAt: number | undefined;
    }
  /** The client has nothing yet. */
  | { readonly outcome: "failed"; readonly failure: Failure }
  | { readonly outcome: "client_closed" };

/** Takes the body of an upstream's answer. */
export interface Sink {
  /** @returns false to pause the upstream */
  data(chunk: Uint8Array): boolean;
  end(): void;
  /** The body will not be completed; `failure` is what a client hears that has nothing yet. */
  cut(code: CutCode, failure: Failure): void;
  /** Frees timers. */
  close(): void;
}
