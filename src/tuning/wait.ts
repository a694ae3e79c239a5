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
