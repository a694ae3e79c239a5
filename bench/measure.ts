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
const WARM_UP_SECONDS = 8;

export interface RequestFigures {
  readonly cpuMicros: number;
  readonly perSecond: number;
}

/** CPU time of a request, and how many are answered in a second, with the subject's core full. */
export async function measureRequests(
  subject: Subject,
  folder: string,
  { warmUp = WARM_UP_SECONDS, seconds }: { readonly warmUp?: number; readonly seconds: number },
): Promise<RequestFigures> {
  const stand = await startStand(subject, wholeAnswers(folder), folder);
  try {
    await requests(stand, folder, warmUp);
    const before = stand.cpuSeconds();
    const answered = await requests(stand, folder, seconds);
    return {
      cpuMicros: ((stand.cpuSeconds() - before) / answered) * 1e6,
      perSecond: answered / seconds,
    };
  } finally {
    await stand.stop();
  }
}

/** CPU time of one event of a stream, in microseconds, with 100 streams of 100 events a second each. */
export async function measureEvents(subject: Subject, folder: string, seconds: number): Promise<number> {
  const [streams, intervalMs] = [100, 10];
  const events = (seconds * 1000) / intervalMs;
  return withStreams(subject, folder, { events, intervalMs }, async (stand) => {
    await holdStreams(stand, streams);
    const before = stand.cpuSeconds();
    await holdStreams(stand, streams);
    return ((stand.cpuSeconds() - before) / (streams * events)) * 1e6;
  });
}

export interface AddedMs {
  readonly p50: number;
  readonly p99: number;
}

/** What the subject adds to an answer's time at 300 requests a second, half of them sent to the upstream directly. */
export async function measureLatency(subject: Subject, folder: string, seconds: number): Promise<AddedMs> {
  const stand = await startStand(subject, wholeAnswers(folder), folder);
  try {
    await requests(stand, folder, WARM_UP_SECONDS);
    return await paced(stand, { rate: 600, seconds, stream: false });
  } finally {
    await stand.stop();
  }
}

/** What the subject adds to the time until a stream's first content, at 100 streams a second. */
export async function measureFirstToken(subject: Subject, folder: string, seconds: number): Promise<AddedMs> {
  return withStreams(subject, folder, { events: 2, intervalMs: 5 }, async (stand) => {
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
  return withStreams(subject, folder, { events: seconds * 2, intervalMs: 500 }, async (stand) => {
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

async function withStreams<T>(
  subject: Subject,
  folder: string,
  { events, intervalMs }: { readonly events: number; readonly intervalMs: number },
  run: (stand: RunningStand) => Promise<T>,
): Promise<T> {
  const upstream = {
    streams: true,
    command: (port: number) => [
      process.execPath,
      join(BENCH, "stream-upstream.ts"),
      ...[port, events, intervalMs].map(String),
    ],
  };
  const stand = await startStand(subject, upstream, folder);
  try {
    return await run(stand);
  } finally {
    await stand.stop();
  }
}

async function holdStreams(stand: Stand, streams: number): Promise<void> {
  await load("streams.ts", targetOf(stand, true), String(streams));
}

async function paced(
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
