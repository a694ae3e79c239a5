import { residentMiB } from "../../bench/machine.ts";
import { ask } from "./control.ts";
import { openFiles, type RunningGateway, scrape, sumOf } from "./gateway.ts";
import type { Inspector, Point } from "./memory.ts";

/** The gateway's state over the time for which all streams are open. */
export interface Course {
  /** On Node right after garbage collection, so that what waits for it is not counted. */
  readonly residentBytes: readonly Point[];
  /** After garbage collection; empty on Bun. */
  readonly liveBytes: readonly Point[];
  readonly inflight: readonly Point[];
  readonly openFiles: readonly Point[];
  /** How long gateway and upstream, one after the other, took to answer a question, in milliseconds. */
  readonly answerMs: readonly Point[];
}

/** Garbage is collected every so many seconds: it stops the gateway for a moment. */
const LIVE_EVERY = 4;

/** Looks each second until it is stopped. @returns what stops it, and what was seen */
export function watch(
  gateway: RunningGateway,
  upstreamUrl: string,
  inspector: Inspector | undefined,
): { stop(): Promise<Course> } {
  const course = { residentBytes: [] as Point[], liveBytes: [] as Point[] };
  const counts = { inflight: [] as Point[], openFiles: [] as Point[], answerMs: [] as Point[] };
  const beganAt = performance.now();
  const secondsNow = (): number => (performance.now() - beganAt) / 1000;
  let stopped = false;
  const look = async (turn: number): Promise<void> => {
    const { pid } = gateway.child;
    const collects = inspector !== undefined && turn % LIVE_EVERY === 0;
    if (collects) course.liveBytes.push({ value: await inspector.liveBytes(), seconds: secondsNow() });
    if (collects || inspector === undefined)
      course.residentBytes.push({ value: residentMiB(pid) * 2 ** 20, seconds: secondsNow() });
    counts.openFiles.push({ value: openFiles(pid), seconds: secondsNow() });
    const askedAt = performance.now();
    const inflight = sumOf(await scrape(gateway.url), "crossover_inflight_requests");
    await ask(`${upstreamUrl}/alive`);
    counts.answerMs.push({ value: performance.now() - askedAt, seconds: secondsNow() });
    counts.inflight.push({ value: inflight, seconds: secondsNow() });
  };
  const looking = (async () => {
    for (let turn = 1; !stopped; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      if (!stopped) await look(turn);
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await looking;
      return { ...course, ...counts };
    },
  };
}
