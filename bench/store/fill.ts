import { statSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { CaptureQueue } from "../../src/captures/capture-queue.ts";
import type { Feedback } from "../../src/domain/capture.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import type { ThreadedStore } from "../../src/threads/threaded-store.ts";
import { threadSeconds } from "../machine.ts";
import { Dice, idOf, type Traffic } from "./traffic.ts";

/** So many wait for the thread that writes: it is never idle, and the queue never full. */
const AHEAD = 500;
const AT_ONCE = 50;
/** Parts of the whole whose rates are compared. */
export const PARTS = 10;
/** Share of the requests that get feedback. */
const WITH_FEEDBACK = 0.01;

export interface FillFigures {
  readonly seconds: number;
  /** Captures a second in each tenth of them, in their order. */
  readonly perSecond: readonly number[];
  /** CPU time of the thread that writes for a capture, in microseconds, in each tenth. */
  readonly cpuMicros: readonly number[];
  readonly mostResidentMiB: number;
  readonly mostJournalMiB: number;
  /** Of the thread that hands captures over, in milliseconds. */
  readonly mostLoopDelayMs: number;
}

/**
 * Writes captures the way that the gateway does: raw, through its queue, into the store's thread, as fast as that takes them.
 * @param journal file whose size is watched, if there is one
 * @throws Error when one is not stored
 */
export async function fill(
  store: ThreadedStore,
  traffic: Traffic,
  captures: number,
  journal: string | undefined,
): Promise<FillFigures> {
  const metrics = new Metrics({ version: "bench", runtime: "node" });
  const queue = new CaptureQueue({ sink: { write: store.capture }, metrics, log: () => {} });
  const most = { residentMiB: 0, journalMiB: 0 };
  const watching = setInterval(() => {
    most.residentMiB = Math.max(most.residentMiB, process.memoryUsage.rss() / 2 ** 20);
    if (journal !== undefined)
      most.journalMiB = Math.max(
        most.journalMiB,
        (statSync(journal, { throwIfNoEntry: false })?.size ?? 0) / 2 ** 20,
      );
  }, 100);
  const loopDelay = monitorEventLoopDelay({ resolution: 1 });
  const marks = [mark()];
  loopDelay.enable();
  for (let number = 0; number < captures; ) {
    for (const end = Math.min(captures, number + AT_ONCE); number < end; number++) {
      queue.take(traffic.capture(number), true);
    }
    do await delay(1);
    while (queue.counts.queued > AHEAD);
    if (queue.counts.stored >= (marks.length * captures) / PARTS) marks.push(mark());
  }
  await queue.close(60_000);
  if (marks.length <= PARTS) marks.push(mark());
  clearInterval(watching);
  loopDelay.disable();
  const { stored } = queue.counts;
  if (stored !== captures) throw new Error(`${captures - stored} captures were not stored`);
  const parts = marks.slice(1).map((end, part) => since(marks[part] ?? end, end));
  return {
    seconds: parts.reduce((sum, part) => sum + part.seconds, 0),
    perSecond: parts.map(({ seconds }) => captures / PARTS / seconds),
    cpuMicros: parts.map(({ cpuSeconds }) => (cpuSeconds / (captures / PARTS)) * 1e6),
    mostResidentMiB: most.residentMiB,
    mostJournalMiB: most.journalMiB,
    mostLoopDelayMs: loopDelay.max / 1e6,
  };
}

interface Mark {
  readonly ms: number;
  readonly cpuSeconds: number;
}

function mark(): Mark {
  return { ms: performance.now(), cpuSeconds: threadSeconds(process.pid).store };
}

function since(begin: Mark, end: Mark): { readonly seconds: number; readonly cpuSeconds: number } {
  return { seconds: (end.ms - begin.ms) / 1000, cpuSeconds: end.cpuSeconds - begin.cpuSeconds };
}

/** Gives one in a hundred requests a thumb or a score. @returns how much feedback it is and how much a second */
export async function giveFeedback(
  store: ThreadedStore,
  captures: number,
): Promise<{ readonly count: number; readonly perSecond: number }> {
  const count = Math.round(captures * WITH_FEEDBACK);
  const beganAt = performance.now();
  for (let given = 0; given < count; given++) await store.addFeedback(feedbackOf(given));
  return { count, perSecond: count / ((performance.now() - beganAt) / 1000) };
}

function feedbackOf(given: number): Feedback {
  const dice = new Dice(given);
  const isThumb = dice.chance(0.7);
  return {
    id: `fb_${given}`,
    requestId: idOf(Math.floor(given / WITH_FEEDBACK)),
    name: isThumb ? "thumbs" : "score",
    value: isThumb ? dice.chance(0.8) : dice.below(6),
    comment: dice.chance(0.1) ? "It did not answer the question." : undefined,
    key: "app-1",
    at: Date.now(),
  };
}
