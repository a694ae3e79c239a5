import type { JobState, JournalEntry } from "./job.ts";

/** Most lines of each kind that are kept, the latest ones. Our own steps are few, unless something goes round in circles. */
const KEPT = { step: 300, event: 500, problem: 300 } as const;
const LONGEST = 1_000;

/** A journal with further lines, in the order of their times. */
export function written(
  journal: readonly JournalEntry[],
  entries: readonly JournalEntry[],
): readonly JournalEntry[] {
  if (entries.length === 0) return journal;
  const all = [...journal, ...entries.map(shortened)];
  const surplus = { step: 0, event: 0, problem: 0 };
  for (const { kind } of all) surplus[kind]++;
  for (const kind of ["step", "event", "problem"] as const) surplus[kind] -= KEPT[kind];
  return all.filter(({ kind }) => surplus[kind]-- <= 0);
}

function shortened(entry: JournalEntry): JournalEntry {
  return entry.message.length <= LONGEST
    ? entry
    : { ...entry, message: `${entry.message.slice(0, LONGEST - 1)}…` };
}

/** When a job came into a state and when it left it, for the last time, in milliseconds since 1970. */
export function stayIn(
  state: JobState,
  journal: readonly JournalEntry[],
): { readonly from: number; readonly to: number } | undefined {
  const steps = journal.filter(({ kind }) => kind === "step");
  const last = steps.findLastIndex((entry) => entry.state === state);
  const left = steps[last + 1];
  if (last === -1 || left === undefined) return undefined;
  const before = steps.slice(0, last).findLastIndex((entry) => entry.state !== state);
  const came = steps[before + 1];
  return came && { from: came.at, to: left.at };
}
