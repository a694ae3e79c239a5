import type { Step } from "./context.ts";

/** So many at a time, the others in the order in which they came. */
export class Places {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(places: number) {
    this.#free = places;
  }

  /** Does something once there is a place. @throws the signal's reason when it is aborted before */
  async within<T>(signal: AbortSignal, act: () => Promise<T>): Promise<T> {
    await this.#place(signal);
    try {
      return await act();
    } finally {
      this.#leave();
    }
  }

  async #place(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stop = (): void => {
      if (this.#waiting.delete(resolve)) reject(signal.reason);
    };
    this.#waiting.add(resolve);
    signal.addEventListener("abort", stop, { once: true });
    await promise.finally(() => signal.removeEventListener("abort", stop));
  }

  /** The place is the next one's. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free++;
    else {
      this.#waiting.delete(next);
      next();
    }
  }
}

/** A step that moves much data, or asks models much: few do so at a time, however many jobs there are. */
export function placed(step: Step): Step {
  return (context) => context.places.within(context.endable, () => step(context));
}
