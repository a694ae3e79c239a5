import { measureEvents, measureRequests } from "./measure.ts";
import { markdownTable } from "./report.ts";
import { onNode, plainOnNode } from "./subjects.ts";

/**
 * Times what a plain proxy on Node costs: twice what Crossover does. Beside nginx it would be a test of the processor,
 * as Node takes 3 to 13 times as long from one to another.
 */
const MOST = { request: 3, event: 3 } as const;
const ROUNDS = 3;

/**
 * Fails on a gross regression only: when Crossover costs far more than a plain proxy in every one of some rounds.
 * @returns the exit status
 */
export async function guard(folder: string): Promise<number> {
  const rows = [["what", "times a plain proxy, best of 3 rounds", "at most"]];
  let failed = false;
  for (const what of ["request", "event"] as const) {
    const ratios: number[] = [];
    while (ratios.length < ROUNDS) {
      const [gateway = Number.NaN, base = Number.NaN] = await costs(what, folder);
      ratios.push(gateway / base);
    }
    const best = Math.min(...ratios);
    failed ||= best > MOST[what];
    rows.push([`CPU time of a${what === "event" ? "n" : ""} ${what}`, best.toFixed(1), String(MOST[what])]);
  }
  process.stdout.write(markdownTable(rows));
  if (failed)
    process.stdout.write(
      "\nThe hot path has become much slower: npm run bench and bench:micro tell where.\n",
    );
  return failed ? 1 : 0;
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
