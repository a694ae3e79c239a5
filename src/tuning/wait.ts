import { StoreError } from "../store/store.ts";

/** Waits so many milliseconds. @throws the signal's reason once it is aborted */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}

/** Waits that grow by half from the first one to the longest, in milliseconds. */
export function growing(first: number, longest: number, times: number): number {
  return Math.min(longest, first * 1.5 ** Math.min(times, 100));
}

/** The longest wait before a lost store is tried again, in milliseconds. */
const STORE_WAIT_MS = 5_000;

/** Does something with the store, however long it is lost. @throws the signal's reason, StoreError for one that is broken for good */
export async function patiently<T>(act: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof StoreError && error.temporary)) throw error;
      await wait(growing(100, STORE_WAIT_MS, failures), signal);
    }
  }
}
