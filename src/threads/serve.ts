import type { RawBatch } from "../captures/raw.ts";
import type { RedactionSettings } from "../domain/redactor.ts";
import type { Batch, Store } from "../store/store.ts";
import {
  type ArgsOf,
  type Call,
  type FromThread,
  type Method,
  type ResultOf,
  type ToThread,
  toFailure,
} from "./protocol.ts";

/** A store's methods by name, in the form in which TypeScript can tell that arguments and method belong together. */
type Served = { readonly [M in StoreMethod]: (...args: ArgsOf<M>) => Promise<ResultOf<M>> };
type StoreMethod = Exclude<Method, "capture">;

export interface ServeOptions {
  readonly open: () => Promise<Store>;
  /** Tells the main thread. */
  readonly post: (message: FromThread) => void;
  /** Makes of what passed what is stored. */
  readonly refine: (batch: RawBatch) => Batch;
  /** What the redactor is made of from now on. */
  readonly onRedaction: (settings: RedactionSettings) => void;
  /** Lets the thread end. */
  readonly end: () => void;
}

/**
 * A thread's side: opens the store and answers calls. @returns what hears the main thread's messages, once the store is
 * open; undefined when it can't be opened
 */
export async function serve(options: ServeOptions): Promise<((message: ToThread) => void) | undefined> {
  const { post, end, refine } = options;
  let store: Store;
  try {
    store = await options.open();
  } catch (error) {
    post({ kind: "unopened", failure: toFailure(error) });
    end();
    return undefined;
  }
  const underWay = new Set<Promise<void>>();
  const close = async (): Promise<void> => {
    await Promise.all(underWay);
    await store.close().catch(() => {}); // what was written has been told of
    end();
  };
  post({ kind: "opened" });
  return (message) => {
    switch (message.kind) {
      case "call": {
        const answered = answer(() => run(store, message, refine), message.id, post).finally(() =>
          underWay.delete(answered),
        );
        underWay.add(answered);
        return;
      }
      case "redaction":
        options.onRedaction(message.settings);
        return;
      case "close":
        void close();
        return;
      default:
        message satisfies never;
    }
  };
}

async function answer(work: () => Promise<unknown>, id: number, post: ServeOptions["post"]): Promise<void> {
  try {
    post({ kind: "done", id, result: await work() });
  } catch (error) {
    post({ kind: "failed", id, failure: toFailure(error) });
  }
}

function run(store: Store, call: Call, refine: ServeOptions["refine"]): Promise<unknown> {
  return call.method === "capture" ? store.write(refine(...call.args)) : ask(store, call);
}

function ask<M extends StoreMethod>(served: Served, { method, args }: Call<M>): Promise<ResultOf<M>> {
  return served[method](...args);
}
