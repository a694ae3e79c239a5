/** The real one, also for tests that put the clock into their own hands later. */
const later = globalThis.setTimeout;
/** Between two looks: asked without a pause, the condition would take the time of what it waits for. */
const PAUSE_MS = 5;

/** Waits until a condition holds; @throws Error once `ms` milliseconds have gone by without it */
export async function until<T>(condition: () => T | Promise<T>, ms = 10_000): Promise<NonNullable<T>> {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== null && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`the condition did not hold within ${ms} ms`);
    await new Promise((resolve) => later(resolve, PAUSE_MS));
  }
}
