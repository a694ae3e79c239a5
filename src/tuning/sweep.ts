import type { TunerDeps } from "./deps.ts";
import { patiently } from "./wait.ts";

/** A job's beginning is over by then, in milliseconds. */
const DAY_MS = 86_400_000;

/**
 * Deletes what a process left that died while a job began: folders older than a day without a job in the store. One that holds results
 * stays, whatever store it belongs to.
 * @throws the signal's reason, StoreError, Error for what can't be deleted
 */
export async function sweep(
  { folders, store }: Pick<TunerDeps, "folders" | "store">,
  signal: AbortSignal,
): Promise<void> {
  for (const { id, at, hasResults } of await folders.list()) {
    if (hasResults || at > Date.now() - DAY_MS) continue;
    const job = await patiently(() => store.tuningJob(id), signal);
    if (job === undefined) await folders.remove(id);
  }
}
