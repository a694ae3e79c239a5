import { expect, test } from "vitest";
import { usageOf } from "./answers.ts";
import { audit, type Evidence } from "./audit.ts";
import type { Outcome, Seen } from "./client.ts";
import type { RequestLine, Samples } from "./gateway.ts";
import type { Call, CallEnd } from "./ledger.ts";
import { slopeOf } from "./memory.ts";
import { outageChecks } from "./outage.ts";

// The load test is only as good as its bookkeeping: each way in which the books may differ must be seen.

function seen(number: number, outcome: Outcome, more: Partial<Seen> = {}): Seen {
  return { number, stream: true, outcome, requestId: `cx_${number}`, beganAt: 1000, endedAt: 2000, ...more };
}

function call(number: number, end: CallEnd, more: Partial<Call> = {}): Call {
  return { number, end, beganAt: 1100, endedAt: 1900, ...more };
}

function line(number: number, status: number, attempts = 1): RequestLine {
  const { prompt_tokens: input_tokens, completion_tokens: output_tokens } = usageOf(number);
  const base = { request_id: `cx_${number}`, status, attempts };
  return status === 200 ? { ...base, input_tokens, output_tokens } : base;
}

/** What the metrics show after requests with these lines. */
function samplesOf(lines: readonly RequestLine[]): Samples {
  const requests = lines.map(({ status }) => ({
    series: `crossover_requests_total{status="${status}"}`,
    value: 1,
  }));
  const attempts = lines.flatMap(({ status, attempts: count }) => [
    {
      series: `crossover_upstream_attempts_total{outcome="${status === 200 ? "success" : "other"}"}`,
      value: 1,
    },
    { series: 'crossover_upstream_attempts_total{outcome="other"}', value: count - 1 },
  ]);
  const tokens = lines.flatMap(({ input_tokens = 0, output_tokens = 0 }) => [
    { series: 'crossover_tokens_total{type="input"}', value: input_tokens },
    { series: 'crossover_tokens_total{type="output"}', value: output_tokens },
  ]);
  return [...requests, ...attempts, ...tokens, { series: "crossover_inflight_requests", value: 0 }];
}

/** One request of each kind, with books that agree. */
const SEEN: readonly Seen[] = [
  seen(1, { kind: "complete" }),
  seen(2, { kind: "complete" }),
  seen(3, { kind: "broken", code: "upstream_stream_interrupted" }),
  seen(4, { kind: "broken", code: "load_fault" }),
  seen(5, { kind: "refused", status: 503, code: "load_fault" }),
  seen(6, { kind: "left" }),
  seen(7, { kind: "left" }),
  seen(8, { kind: "left" }, { requestId: undefined }),
  seen(9, { kind: "left" }, { requestId: undefined }),
];
const CALLS: readonly Call[] = [
  call(1, "complete"),
  call(2, "hang-up"),
  call(2, "complete"),
  call(3, "reset"),
  call(4, "error-event"),
  call(5, "status"),
  call(6, "aborted"),
  call(7, "complete"),
  call(8, "aborted"),
  call(9, "complete"),
];
const LINES: readonly RequestLine[] = [
  line(1, 200),
  line(2, 200, 2),
  line(3, 502),
  line(4, 502),
  line(5, 503),
  line(6, 499),
  line(7, 200),
  line(8, 499),
  line(9, 200),
];

function failing(changes: Partial<Evidence>): readonly string[] {
  const lines = changes.lines ?? LINES;
  const evidence = { seen: SEEN, calls: CALLS, lines, samples: samplesOf(lines), slowestMs: 10, ...changes };
  return audit(evidence).flatMap(({ name, ok }) => (ok ? [] : [name]));
}

/** The list with the entries of one request in place of its own. */
function swap<T extends { readonly number: number }>(
  list: readonly T[],
  number: number,
  ...by: readonly T[]
): T[] {
  return [...list.filter((one) => one.number !== number), ...by];
}

function swapLine(number: number, ...by: readonly RequestLine[]): RequestLine[] {
  return [...LINES.filter(({ request_id }) => request_id !== `cx_${number}`), ...by];
}

test("books that agree pass", () => {
  expect(failing({})).toEqual([]);
});

const CONTRADICT = "client, log and upstream contradict";

test.each<[string, Partial<Evidence>, string]>([
  [
    "a wrong answer",
    { seen: swap(SEEN, 1, seen(1, { kind: "wrong", why: "other bytes" })) },
    "wrong answers",
  ],
  [
    "a wrong request",
    { calls: swap(CALLS, 1, call(1, "complete", { wrong: "not enriched" })) },
    "wrong requests to the upstream",
  ],
  ["a break that looks whole", { calls: swap(CALLS, 1, call(1, "reset")) }, CONTRADICT],
  ["a whole answer that broke", { calls: swap(CALLS, 3, call(3, "complete")) }, CONTRADICT],
  ["an abort without cause", { calls: swap(CALLS, 3, call(3, "aborted")) }, CONTRADICT],
  ["an error of the gateway's own", { calls: swap(CALLS, 5, call(5, "complete")) }, CONTRADICT],
  ["a second call after a good one", { calls: [...CALLS, call(1, "complete")] }, CONTRADICT],
  ["another's tokens", { lines: swapLine(1, { ...line(2, 200), request_id: "cx_1" }) }, CONTRADICT],
  ["a call that goes on", { calls: swap(CALLS, 6, call(6, "aborted", { endedAt: 9000 })) }, CONTRADICT],
  ["an end that did not cross", { lines: swapLine(6, line(6, 200)) }, CONTRADICT],
  ["an open call", { calls: swap(CALLS, 6, call(6, "open", { endedAt: 0 })) }, "calls still open"],
  ["a line too few", { lines: swapLine(1) }, "one line in the log for each request"],
  ["a line twice", { lines: [...LINES, line(1, 200)] }, "one line in the log for each request"],
  [
    "an early end that did not cross",
    { lines: swapLine(8, line(8, 200)) },
    "of these, the answer's end crossed",
  ],
  [
    "an early failure without a fault",
    { lines: swapLine(8, line(8, 502)) },
    "of these, the answer's end crossed",
  ],
  ["a status not counted", { samples: samplesOf(LINES.slice(1)) }, "status 200"],
  ["a status counted twice", { samples: samplesOf([...LINES, line(5, 503)]) }, "status 503"],
  ["an attempt not counted", { samples: samplesOf([...swapLine(2, line(2, 200))]) }, "attempts"],
  [
    "attempts that nobody made",
    { lines: swapLine(5, line(5, 503, 9)) },
    "attempts that came to the upstream",
  ],
  ["tokens counted twice", { samples: [...samplesOf(LINES), ...samplesOf([line(1, 200)])] }, "input tokens"],
  [
    "a request under way",
    { samples: [...samplesOf(LINES), { series: "crossover_inflight_requests", value: 1 }] },
    "requests under way at the end",
  ],
])("%s fails", (_what, changes, check) => {
  expect(failing(changes)).toContain(check);
});

test("an outage may neither multiply the calls nor outlast itself", () => {
  const span = { from: 10_000, to: 20_000 };
  const during = seen(1, { kind: "refused", status: 503, code: null }, { beganAt: 15_000 });
  const after = seen(2, { kind: "complete" }, { beganAt: 31_000 });
  const failed = call(1, "outage");
  const refused = seen(3, { kind: "refused", status: 503, code: "circuit_open" }, { beganAt: 31_000 });
  const oks = (who: readonly Seen[], calls: readonly Call[]): readonly boolean[] =>
    outageChecks(span, who, calls).map(({ ok }) => ok);
  expect(oks([during, after], [failed])).toEqual([true, true]);
  expect(oks([during, after], [failed, failed])).toEqual([false, true]);
  expect(oks([during, after, refused], [failed])).toEqual([true, false]);
  expect(oks([during], [failed])).toEqual([true, false]);
});

test("the slope is that of a line through noise", () => {
  const points = [0, 1, 2, 3].map((seconds) => ({ seconds, value: 5 + 3 * seconds }));
  expect(slopeOf(points)).toBeCloseTo(3);
  const noisy = points.map(({ seconds, value }) => ({
    seconds,
    value: value + (seconds % 3 === 0 ? 1 : -1),
  }));
  expect(slopeOf(noisy)).toBeCloseTo(3);
  expect(slopeOf([])).toBe(0);
});
