import { describeMachine } from "../machine.ts";
import { markdownTable } from "../report.ts";
import type { ChangeFigures } from "./changes.ts";
import type { FillFigures } from "./fill.ts";
import type { QueryFigures } from "./queries.ts";
import type { SizeFigures } from "./size.ts";

export interface WithLoopDelay<T> {
  readonly result: T;
  /** Of the event loop of whoever asks. */
  readonly loopDelayMs: { readonly p99: number; readonly most: number };
}

export interface StoreResults {
  readonly database: string;
  readonly captures: number;
  readonly filled: FillFigures;
  readonly feedback: { readonly count: number; readonly perSecond: number };
  readonly size: SizeFigures;
  readonly queries: WithLoopDelay<readonly QueryFigures[]>;
  readonly changes: WithLoopDelay<readonly ChangeFigures[]>;
}

/** The results as a page in Markdown. */
export function storeResults({
  database,
  captures,
  filled,
  feedback,
  size,
  queries,
  changes,
}: StoreResults): string {
  return `# Results of the store's bench: ${database}

Written by \`npm run bench:store\` on ${new Date().toISOString().slice(0, 10)}: ${describeMachine()}, Node ${process.versions.node}.
${captures.toLocaleString("en")} captures of 90 days, made of real questions and answers, three in ten of them streams; the same ones in each
run. They go the way that the gateway's go: raw, in batches of a hundred, into the store's thread, which puts streams
together, redacts and writes.

## Writing

${markdownTable(writingRows(filled, feedback, captures))}
## On the disk

${markdownTable(sizeRows(size, captures))}
## Reading

Twenty runs each, through the thread that reads, with other values each time. A page has 50 captures with their texts
and feedback, the newest first.

${markdownTable([
  ["query", "median ms", "p95 ms", "found"],
  ...queries.result.map(({ name, medianMs, p95Ms, found }) => [
    name,
    medianMs.toFixed(1),
    p95Ms.toFixed(1),
    found,
  ]),
])}
${loopDelay(queries)}
## Going through much of it

While it deletes, single captures are written all along.

${markdownTable([
  ["what", "seconds", "told"],
  ...changes.result.map(({ name, seconds, told }) => [name, seconds.toFixed(2), told]),
])}
${loopDelay(changes)}`;
}

function loopDelay({ loopDelayMs: { p99, most } }: WithLoopDelay<unknown>): string {
  return `The event loop of whoever asks was late by ${p99.toFixed(1)} ms at p99, and by ${most.toFixed(0)} ms at most.\n`;
}

function writingRows(
  filled: FillFigures,
  feedback: StoreResults["feedback"],
  captures: number,
): readonly (readonly string[])[] {
  const [first = Number.NaN, last = Number.NaN] = [filled.perSecond[0], filled.perSecond.at(-1)];
  const [firstCpu = Number.NaN, lastCpu = Number.NaN] = [filled.cpuMicros[0], filled.cpuMicros.at(-1)];
  return [
    ["what", "measured"],
    ["captures a second", whole(captures / filled.seconds)],
    ["in the first tenth, and in the last", `${whole(first)} and ${whole(last)}`],
    [
      "CPU µs of the store's thread for a capture, first and last tenth",
      `${whole(firstCpu)} and ${whole(lastCpu)}`,
    ],
    ["feedback a second, one by one", whole(feedback.perSecond)],
    ["the process's memory at its most, MiB", whole(filled.mostResidentMiB)],
    ["the journal at its largest, MiB", whole(filled.mostJournalMiB)],
    ["longest delay of the event loop of whoever hands over, ms", whole(filled.mostLoopDelayMs)],
  ];
}

function sizeRows(
  { bytes, searchBytes, parts }: SizeFigures,
  captures: number,
): readonly (readonly string[])[] {
  const row = (name: string, value: number): readonly string[] => [
    name,
    whole(value / 2 ** 20),
    whole(value / captures),
  ];
  return [
    ["what", "MiB", "bytes a capture"],
    row("all", bytes),
    row("all but the index of words", bytes - searchBytes),
    ...parts.slice(0, 10).map((part) => row(part.name, part.bytes)),
  ];
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}
