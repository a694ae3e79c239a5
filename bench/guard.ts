import { measureEvents, measureRequests } from "./measure.ts";
import { markdownTable } from "./report.ts";
import { nginx, onNode } from "./subjects.ts";

/** Twice what the bench asks for: far outside what a busy machine does to a ratio, well inside a gross regression. */
const MOST = { request: 10, event: 8 } as const;
const ROUNDS = 3;

/**
 * Fails on a gross regression only: when Crossover costs far more than nginx in every one of some rounds.
 * @returns the exit status
 */
export async function guard(folder: string): Promise<number> {
  const rows = [["what", "times nginx, best of 3 rounds", "at most"]];
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

/** CPU time on Node and of nginx, in microseconds. */
async function costs(what: "request" | "event", folder: string): Promise<readonly number[]> {
  const subjects = [onNode, nginx];
  const figures =
    what === "event"
      ? await measureEvents(subjects, folder, { turns: 1, seconds: 1 })
      : await measureRequests(subjects, folder, { warmUp: 3, turns: 1, seconds: 2 });
  return figures.map(({ cpuMicros }) => cpuMicros);
}
