import { describeMachine } from "./machine.ts";
import type { AddedMs, RequestFigures } from "./measure.ts";
import { markdownTable } from "./report.ts";
import { median } from "./statistics.ts";
import { nginx, onBun, onNode, portkey, type Subject } from "./subjects.ts";

/** What was measured of a subject, a figure a round; nothing where it takes no part. */
export interface SubjectFigures {
  readonly subject: Subject;
  readonly requests: RequestFigures[];
  /** CPU time of an event of a stream, in microseconds. */
  readonly events: number[];
  readonly latency: AddedMs[];
  readonly firstToken: AddedMs[];
  openStreams: { readonly most: number; readonly quarters: readonly number[] } | undefined;
}

export interface Results {
  readonly rounds: number;
  readonly figures: readonly SubjectFigures[];
}

/** The results as a page in Markdown. */
export function results({ rounds, figures }: Results): string {
  return `# Bench results

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}: ${describeMachine()}, Node ${process.versions.node}.
What is measured has a core of its own; load and upstream share the other. Figures are medians of ${rounds} rounds, ratios are
medians of the rounds' own ratios. CPU times come from turns of a few seconds, with all up at once and warm, so that a
machine whose speed changes is as fast for one as for another.

Crossover runs with everything on that production has: a client key, five rules, enrichment, metrics, the log to a
file. Portkey's gateway runs as its README starts it; it does not stream on Node 24. A plain proxy does the least that a
gateway on its runtime does: it parses a request, puts a prompt before it, sends it on and passes the answer back. It
tells what is the runtime's on this machine: an old processor slows JavaScript down far more than nginx. A request has
1.3 KB, an answer 1 KB; 64 connections.

## Requests

${markdownTable(requestRows(figures))}
## Streams

100 streams of 100 events a second each; then 2,000 streams of two events a second for a minute.

${markdownTable(streamRows(figures.filter(({ events }) => events.length > 0)))}
## Added time

Against calling the upstream directly, in the same seconds: 300 requests a second, and 100 streams a second.
Added times of answers are medians of three times ten seconds a round. Differences below a tenth of a millisecond are
noise.

${markdownTable(latencyRows(figures.filter(({ latency }) => latency.length > 0)))}
## Goals

${markdownTable(goalRows(figures))}`;
}

function requestRows(figures: readonly SubjectFigures[]): string[][] {
  return [
    ["what", "CPU µs a request", "times nginx", "times plain", "requests/s"],
    ...figures.map((one) => [
      one.subject.name,
      median(one.requests.map(cpuMicros)).toFixed(1),
      ratio(one, of(figures, nginx), cpuMicros).toFixed(2),
      timesPlain(figures, one, (plain) => ratio(one, plain, cpuMicros)),
      Math.round(median(one.requests.map(perSecond))).toLocaleString("en"),
    ]),
  ];
}

function streamRows(figures: readonly SubjectFigures[]): string[][] {
  return [
    [
      "what",
      "CPU µs an event",
      "times nginx",
      "times plain",
      "most MiB",
      "MiB after 1/4, 1/2, 3/4, all of the time",
    ],
    ...figures.map((one) => [
      one.subject.name,
      median(one.events).toFixed(1),
      eventRatio(one, of(figures, nginx)).toFixed(2),
      timesPlain(figures, one, (plain) => eventRatio(one, plain)),
      one.openStreams?.most.toFixed(0) ?? "",
      (one.openStreams?.quarters ?? []).map((value) => value.toFixed(0)).join(", "),
    ]),
  ];
}

function latencyRows(figures: readonly SubjectFigures[]): string[][] {
  const added = (values: readonly AddedMs[]): string[] => [
    median(values.map(({ p50 }) => p50)).toFixed(2),
    median(values.map(({ p99 }) => p99)).toFixed(2),
  ];
  return [
    ["what", "answer, p50 ms", "answer, p99 ms", "first token, p50 ms", "first token, p99 ms"],
    ...figures.map((one) => [one.subject.name, ...added(one.latency), ...added(one.firstToken)]),
  ];
}

function goalRows(figures: readonly SubjectFigures[]): string[][] {
  const [base, node, bun, other] = [nginx, onNode, onBun, portkey].map((subject) => of(figures, subject));
  if (base === undefined || node === undefined || bun === undefined || other === undefined) return [];
  const throughput = median(
    node.requests.map((figure, round) => figure.perSecond / (other.requests[round]?.perSecond ?? Number.NaN)),
  );
  const most = (what: string, value: number, limit: number, digits = 2): string[] => [
    what,
    `at most ${limit}`,
    value.toFixed(digits),
    value <= limit ? "yes" : "no",
  ];
  return [
    ["goal", "limit", "measured", "met"],
    most("CPU of a request on Node, times nginx", ratio(node, base, cpuMicros), 5),
    most("CPU of a request on Bun, times nginx", ratio(bun, base, cpuMicros), 3.5),
    [
      "requests/s on Node, times Portkey",
      "at least 8",
      throughput.toFixed(2),
      throughput >= 8 ? "yes" : "no",
    ],
    most("added p99 at 300 requests/s on Node, ms", median(node.latency.map(({ p99 }) => p99)), 1),
    most("CPU of an event on Node, times nginx", eventRatio(node, base), 4),
    most("added p50 to the first token on Node, ms", median(node.firstToken.map(({ p50 }) => p50)), 1),
    most("MiB with 2,000 open streams on Node", node.openStreams?.most ?? Number.NaN, 400, 0),
  ];
}

/** @throws RangeError when the subject is not among them */
export function of(figures: readonly SubjectFigures[], subject: Subject): SubjectFigures {
  const found = figures.find((one) => one.subject === subject);
  if (found === undefined) throw new RangeError(`${subject.name} was not measured`);
  return found;
}

/** @param times the ratio to the plain proxy on the same runtime, where there is one */
function timesPlain(
  figures: readonly SubjectFigures[],
  { subject }: SubjectFigures,
  times: (plain: SubjectFigures) => number,
): string {
  return subject.plain === undefined ? "" : times(of(figures, subject.plain)).toFixed(2);
}

function ratio(
  one: SubjectFigures,
  base: SubjectFigures,
  figure: (figures: RequestFigures) => number,
): number {
  return median(
    one.requests.map((value, round) => {
      const other = base.requests[round];
      return other === undefined ? Number.NaN : figure(value) / figure(other);
    }),
  );
}

function eventRatio(one: SubjectFigures, base: SubjectFigures): number {
  return median(one.events.map((value, round) => value / (base.events[round] ?? Number.NaN)));
}

function cpuMicros(figures: RequestFigures): number {
  return figures.cpuMicros;
}

function perSecond(figures: RequestFigures): number {
  return figures.perSecond;
}
