import { setTimeout as delay } from "node:timers/promises";
import type { RunningStand } from "../stand.ts";

/** What became of a gateway's captures. */
export interface Counts {
  /** Requests that were answered. */
  readonly requests: number;
  readonly stored: number;
  readonly dropped: number;
  readonly queued: number;
}

export async function countsOf(stand: RunningStand): Promise<Counts> {
  const text = await stand.metrics();
  const sum = (pattern: RegExp): number =>
    [...text.matchAll(pattern)].reduce((total, [, value]) => total + Number(value), 0);
  return {
    requests: sum(/^crossover_requests_total\{[^}]*\} (\d+)$/gm),
    stored: sum(/^crossover_captures_total\{outcome="stored"\} (\d+)$/gm),
    dropped: sum(/^crossover_captures_total\{outcome="dropped"\} (\d+)$/gm),
    queued: sum(/^crossover_capture_queue_requests (\d+)$/gm),
  };
}

/** Waits until nothing is queued. @throws Error when that takes longer than two minutes */
export async function settled(stand: RunningStand): Promise<Counts> {
  for (const until = Date.now() + 120_000; Date.now() < until; await delay(50)) {
    const counts = await countsOf(stand);
    if (counts.queued === 0) return counts;
  }
  throw new Error(`${stand.name} does not get its captures stored`);
}
