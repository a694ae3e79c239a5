import { describeMachine } from "../machine.ts";
import { markdownTable } from "../report.ts";
import { median } from "../statistics.ts";
import type { CaptureFigures, LoadFigures } from "./measure.ts";

export interface CaptureResults {
  readonly rounds: number;
  readonly figures: readonly CaptureFigures[];
  readonly openStreams: { readonly most: number; readonly quarters: readonly number[] };
}

/** The results as a page in Markdown. */
export function captureResults({ rounds, figures, openStreams }: CaptureResults): string {
  return `# What capturing costs

Written by \`npm run bench:capture\` on ${new Date().toISOString().slice(0, 10)}: ${describeMachine()}, Node ${process.versions.node}.
The same gateway twice, once with \`capture: false\`, once with every request captured into SQLite. Both are up at once and
take turns; figures are medians of ${rounds} rounds.

All threads of the gateway, those of the store too, share the first core; load and upstream share the other. So each
microsecond that the store takes is one that requests do not have, which is the worst case: with a core to spare the
store's threads take that.

## At 300 requests a second

Added to an answer, against calling the upstream directly in the same seconds.

${markdownTable([
  ["", "p50 ms", "p99 ms", "p99 of each round"],
  ...figures.map(({ subject, added }) => [
    subject.name,
    median(added.map(({ p50 }) => p50)).toFixed(2),
    median(added.map(({ p99 }) => p99)).toFixed(2),
    added.map(({ p99 }) => p99.toFixed(2)).join(", "),
  ]),
])}
## At full load

As many as 64 connections can, for some seconds, while requests come faster than they can be stored: those that wait
are held in memory up to a bound, then the oldest are dropped and counted.

${markdownTable([
  [
    "",
    "requests/s",
    "p50 ms",
    "p99 ms",
    "CPU µs a request: serving",
    "the store's threads",
    "the runtime's threads",
  ],
  ...figures.map(({ subject, loads }) => {
    const of = (figure: (load: LoadFigures) => number): number => median(loads.map(figure));
    return [
      subject.name,
      Math.round(of(({ perSecond }) => perSecond)).toLocaleString("en"),
      of(({ p50Ms }) => p50Ms).toFixed(1),
      of(({ p99Ms }) => p99Ms).toFixed(1),
      of(({ mainMicros }) => mainMicros).toFixed(0),
      of(({ storeMicros }) => storeMicros).toFixed(0),
      of(({ otherMicros }) => otherMicros).toFixed(0),
    ];
  }),
])}
## What became of them

${markdownTable([
  ["", "requests", "stored", "dropped", "waiting"],
  ...figures.map(({ subject, counts }) => [
    subject.name,
    ...[counts?.requests, counts?.stored, counts?.dropped, counts?.queued].map((count) =>
      (count ?? 0).toLocaleString("en"),
    ),
  ]),
])}
## Open streams

2,000 streams of two events a second for a minute, all captured: at most ${openStreams.most.toFixed(0)} MiB of memory;
${openStreams.quarters.map((value) => value.toFixed(0)).join(", ")} MiB after each quarter.
`;
}
