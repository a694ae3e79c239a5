import { measureCapture } from "./capture/measure.ts";
import { measureEvents, measureRequests } from "./measure.ts";
import { markdownTable } from "./report.ts";
import { storeTimesPlain } from "./store/guard.ts";
import { onNode, plainOnNode } from "./subjects.ts";

interface Guarded {
  readonly what: string;
  /** Beside what it costs. */
  readonly beside: string;
  /** How many times that it may cost: about twice what it does. */
  readonly most: number;
  ratio(folder: string): Promise<number>;
}

/**
 * A plain proxy on Node stands for the machine: beside nginx it would be a test of the processor, as Node takes 3 to 13
 * times as long from one to another.
 */
const GUARDED: readonly Guarded[] = [
  ...(["request", "event"] as const).map((what) => ({
    what: `CPU time of a${what === "event" ? "n" : ""} ${what}`,
    beside: "a plain proxy",
    most: 3,
    ratio: async (folder: string) => {
      const [gateway = Number.NaN, base = Number.NaN] = await costs(what, folder);
      return gateway / base;
    },
  })),
  {
    what: "CPU time of a captured request in the thread that serves",
    beside: "without capturing",
    most: 2,
    ratio: capturingTimesNot,
  },
  {
    what: "CPU time of a capture in the store's thread",
    beside: "bare inserts of the same bytes",
    most: 35,
    ratio: storeTimesPlain,
  },
];
const ROUNDS = 3;

/**
 * Fails on a gross regression only: when the best of some rounds costs far too much beside something that the machine's speed
 * changes alike.
 * @returns the exit status
 */
export async function guard(folder: string): Promise<number> {
  const rows = [["what", "beside", "times that, best of up to 3 rounds", "at most"]];
  let failed = false;
  for (const { what, beside, most, ratio } of GUARDED) {
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < ROUNDS && best > most; round++) best = Math.min(best, await ratio(folder));
    failed ||= best > most;
    rows.push([what, beside, best.toFixed(1), String(most)]);
  }
  process.stdout.write(markdownTable(rows));
  if (failed)
    process.stdout.write(
      "\nThe hot path or the store has become much slower: npm run bench, bench:micro, bench:capture and bench:store tell where.\n",
    );
  return failed ? 1 : 0;
}

async function capturingTimesNot(folder: string): Promise<number> {
  const figures = await measureCapture(folder, { rounds: 1, warmUp: 3, loadSeconds: 2, pacedSeconds: 0 });
  const [without = Number.NaN, capturing = Number.NaN] = figures.flatMap(({ loads }) =>
    loads.map(({ mainMicros }) => mainMicros),
  );
  return capturing / without;
}

/** CPU time of both, in microseconds. */
async function costs(what: "request" | "event", folder: string): Promise<readonly number[]> {
  const subjects = [onNode, plainOnNode];
  const figures =
    what === "event"
      ? await measureEvents(subjects, folder, { turns: 1, seconds: 1 })
      : await measureRequests(subjects, folder, { warmUp: 3, turns: 1, seconds: 2 });
  return figures.map(({ cpuMicros }) => cpuMicros);
}
