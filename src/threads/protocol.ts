import type { RawBatch } from "../captures/raw.ts";
import type { RedactionSettings } from "../domain/redactor.ts";
import { type Store, StoreError } from "../store/store.ts";

/** What the main thread and a thread with a store say to each other. All of it is plain data, which is copied. */

/** What a thread can be asked for. */
export interface Methods extends Omit<Store, "close">, Capturing {}

interface Capturing {
  /** Refines a batch and writes it. */
  capture(batch: RawBatch): Promise<void>;
}

export type Method = keyof Methods;
export type ArgsOf<M extends Method> = Parameters<Methods[M]>;
export type ResultOf<M extends Method> = Awaited<ReturnType<Methods[M]>>;

/** What a thread is given at its start. */
export interface ThreadStart {
  readonly url: string;
  readonly redaction: RedactionSettings;
}

export type Call<M extends Method = Method> = {
  readonly [K in M]: {
    readonly kind: "call";
    readonly id: number;
    readonly method: K;
    readonly args: ArgsOf<K>;
  };
}[M];

/** What needs no answer. Messages are heard in the order in which they were sent: `redaction` counts for the calls after it. */
type Order =
  | { readonly kind: "redaction"; readonly settings: RedactionSettings }
  /** Finish what was asked, close the store and end. */
  | { readonly kind: "close" };

/** As a thread hears it. */
export type ToThread = Call | Order;

/** As it is sent: the method's name and its arguments are not told apart from others' any more. */
export type Posted =
  | Order
  | {
      readonly kind: "call";
      readonly id: number;
      readonly method: Method;
      readonly args: readonly unknown[];
    };

/** A StoreError, which loses its class on the way. */
export interface Failure {
  readonly message: string;
  readonly temporary: boolean;
  readonly invalid: boolean;
}

export type FromThread =
  | { readonly kind: "opened" }
  /** The store can't be opened; the thread ends. */
  | { readonly kind: "unopened"; readonly failure: Failure }
  | { readonly kind: "done"; readonly id: number; readonly result: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly failure: Failure };

export function toFailure(error: unknown): Failure {
  if (error instanceof StoreError) {
    const { message, temporary, invalid } = error;
    return { message, temporary, invalid };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { message, temporary: false, invalid: false };
}

export function fromFailure({ message, temporary, invalid }: Failure): StoreError {
  return new StoreError(message, temporary, invalid);
}
