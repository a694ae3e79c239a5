import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { requests } from "./load/requests.ts";
import { LOAD_CORES } from "./machine.ts";
import { staticUpstream } from "./nginx.ts";
import { runToEnd } from "./process.ts";
import { requestBody } from "./sample.ts";
import { type RunningStand, type Stand, startStand, type Upstream } from "./stand.ts";
import { quantile } from "./statistics.ts";
import { BENCH, type Subject } from "./subjects.ts";

/** Long enough for a runtime to have compiled what is hot. */
const WARM_UP_SECONDS = 12;
/** Until a runtime that was idle is as fast as before. */
const LEAD_SECONDS = 1;

/** What was measured of one of several subjects. */
export type Of<Figures> = Figures & { readonly subject: Subject };

export interface RequestFigures {
  readonly cpuMicros: number;
  readonly perSecond: number;
}

/** CPU time of a request, and how many are answered in a second, with the subject's core full. */
export function measureRequests(
  subjects: readonly Subject[],
  folder: string,
  {
    warmUp = WARM_UP_SECONDS,
    turns,
    seconds,
  }: { readonly warmUp?: number; readonly turns: number; readonly seconds: number },
): Promise<readonly Of<RequestFigures>[]> {
  return withStands(subjects, wholeAnswers(folder), folder, async (stands) => {
    for (const stand of stands) await requests(stand, folder, warmUp);
    const tallies = await inTurns(stands, turns, {
      lead: (stand) => requests(stand, folder, LEAD_SECONDS),
      load: (stand) => requests(stand, folder, seconds),
    });
    return tallies.map(({ done, ...tally }) => ({ ...tally, perSecond: done / (turns * seconds) }));
  });
}

/** CPU time of one event of a stream, in microseconds, with 100 streams of 100 events a second each. */
export function measureEvents(
  subjects: readonly Subject[],
  folder: string,
  { turns, seconds }: { readonly turns: number; readonly seconds: number },
): Promise<readonly Of<{ readonly cpuMicros: number }>[]> {
  const [streams, intervalMs] = [100, 10];
  const events = (seconds * 1000) / intervalMs;
  const load = async (stand: RunningStand): Promise<number> => {
    await holdStreams(stand, streams);
    return streams * events;
  };
  return withStands(subjects, streamed({ events, intervalMs }), folder, async (stands) => {
    for (const stand of stands) await load(stand);
    return inTurns(stands, turns, { lead: load, load });
  });
}

/**
 * Loads all in turns, so that a machine whose speed changes is as fast for one as for another. A turn begins with a
 * load that is not counted: a runtime that was idle is slow at first.
 * @param load returns how many were done
 * @returns for each, the CPU time of one, in microseconds, and how many were done
 */
async function inTurns(
  stands: readonly RunningStand[],
  turns: number,
  {
    lead,
    load,
  }: {
    readonly lead: (stand: RunningStand) => Promise<unknown>;
    readonly load: (stand: RunningStand) => Promise<number>;
  },
): Promise<readonly Of<{ readonly cpuMicros: number; readonly done: number }>[]> {
  const tallies = stands.map((stand) => ({ stand, cpuSeconds: 0, done: 0 }));
  for (let turn = 0; turn < turns; turn++) {
    for (const tally of tallies) {
      await lead(tally.stand);
      const before = tally.stand.cpuSeconds();
      tally.done += await load(tally.stand);
      tally.cpuSeconds += tally.stand.cpuSeconds() - before;
    }
  }
  return tallies.map(({ stand, cpuSeconds, done }) => ({
    subject: stand.subject,
    cpuMicros: (cpuSeconds / done) * 1e6,
    done,
  }));
}

export interface AddedMs {
  readonly p50: number;
  readonly p99: number;
}

/**
 * What the subject adds to an answer's time at 300 requests a second, while the upstream gets as many directly.
 * Several times over: the slowest hundredth of ten seconds are 30 answers, and one hiccup of the machine is as many.
 */
export async function measureLatency(
  subject: Subject,
  folder: string,
  { times, seconds }: { readonly times: number; readonly seconds: number },
): Promise<readonly AddedMs[]> {
  return withStand(subject, wholeAnswers(folder), folder, async (stand) => {
    await requests(stand, folder, WARM_UP_SECONDS);
    const added: AddedMs[] = [];
    for (let i = 0; i < times; i++) added.push(await paced(stand, { rate: 600, seconds, stream: false }));
    return added;
  });
}

/** What the subject adds to the time until a stream's first content, at 100 streams a second. */
export async function measureFirstToken(subject: Subject, folder: string, seconds: number): Promise<AddedMs> {
  return withStand(subject, streamed({ events: 2, intervalMs: 5 }), folder, async (stand) => {
    for (let i = 0; i < WARM_UP_SECONDS * 5; i++) await holdStreams(stand, 500);
    return paced(stand, { rate: 200, seconds, stream: true });
  });
}

/** Memory with 2,000 streams open, in MiB: at its most, and at the end of each quarter of their time. */
export async function measureOpenStreams(
  subject: Subject,
  folder: string,
  seconds: number,
): Promise<{ readonly most: number; readonly quarters: readonly number[] }> {
  return withStand(subject, streamed({ events: seconds * 2, intervalMs: 500 }), folder, async (stand) => {
    const held = holdStreams(stand, 2000);
    const samples: number[] = [];
    for (let i = 0; i < seconds * 2; i++) {
      await Promise.race([delay(500), held]);
      samples.push(stand.residentMiB());
    }
    await held;
    const at = (share: number): number => samples[Math.floor(samples.length * share) - 1] ?? Number.NaN;
    return { most: Math.max(...samples), quarters: [at(0.25), at(0.5), at(0.75), at(1)] };
  });
}

/** An upstream with whole answers. */
export function wholeAnswers(folder: string): Upstream {
  return { streams: false, command: (port) => staticUpstream(folder, port) };
}

/** An upstream with streams of so many events. */
function streamed({
  events,
  intervalMs,
}: {
  readonly events: number;
  readonly intervalMs: number;
}): Upstream {
  return {
    streams: true,
    command: (port) => [
      process.execPath,
      join(BENCH, "stream-upstream.ts"),
      ...[port, events, intervalMs].map(String),
    ],
  };
}

async function withStand<T>(
  subject: Subject,
  upstream: Upstream,
  folder: string,
  run: (stand: RunningStand) => Promise<T>,
): Promise<T> {
  const stand = await startStand(subject, upstream, folder);
  try {
    return await run(stand);
  } finally {
    await stand.stop();
  }
}

/** With all subjects up at once. */
export async function withStands<T>(
  subjects: readonly Subject[],
  upstream: Upstream,
  folder: string,
  run: (stands: readonly RunningStand[]) => Promise<T>,
): Promise<T> {
  const stands: RunningStand[] = [];
  try {
    for (const subject of subjects) stands.push(await startStand(subject, upstream, folder, stands.length));
    return await run(stands);
  } finally {
    await Promise.all(stands.map((stand) => stand.stop()));
  }
}

async function holdStreams(stand: Stand, streams: number): Promise<void> {
  await load("streams.ts", targetOf(stand, true), String(streams));
}

/** What a subject adds at half of this rate, while the upstream gets the other half directly. */
export async function paced(
  stand: RunningStand,
  { rate, seconds, stream }: { readonly rate: number; readonly seconds: number; readonly stream: boolean },
): Promise<AddedMs> {
  const output = await load(
    "paced.ts",
    targetOf(stand.direct, stream),
    targetOf(stand, stream),
    String(rate),
    String(seconds),
  );
  const [direct, through] = z.tuple([z.array(z.number()), z.array(z.number())]).parse(JSON.parse(output));
  const added = (q: number): number => quantile(through, q) - quantile(direct, q);
  return { p50: added(0.5), p99: added(0.99) };
}

function load(program: string, ...args: readonly string[]): Promise<string> {
  return runToEnd([process.execPath, join(BENCH, "load", program), ...args], LOAD_CORES);
}

function targetOf({ chatUrl, headers, model }: Stand, stream: boolean): string {
  return JSON.stringify({ chatUrl, headers, body: requestBody({ model, stream }) });
}
