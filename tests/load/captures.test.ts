import { expect, test } from "vitest";
import type { StoredCapture } from "../../src/store/store.ts";
import { capture, contentOf, usage } from "../store/samples.ts";
import { answerText, usageOf } from "./answers.ts";
import { type CaptureEvidence, captureChecks } from "./captures.ts";
import type { Outcome, Seen } from "./client.ts";
import type { RequestLine, Samples } from "./gateway.ts";
import { questionOf } from "./plan.ts";

// As with the other books: each way in which they may differ must be seen.

const SEED = 3;
const ERROR = JSON.stringify({ error: { message: "It broke.", code: "load_fault" } });

function seen(number: number, outcome: Outcome): Seen {
  return { number, stream: true, outcome, requestId: `cx_${number}`, beganAt: 1000, endedAt: 2000 };
}

function line(number: number, status: number): RequestLine {
  const { prompt_tokens: input_tokens, completion_tokens: output_tokens } = usageOf(number);
  const base = { request_id: `cx_${number}`, status, attempts: 1 };
  return status === 200 ? { ...base, input_tokens, output_tokens } : base;
}

function kept(number: number, status: number, text: string, answer?: string): StoredCapture {
  const content = contentOf(questionOf(SEED, number), text);
  const tokens = status === 200 ? usageOf(number) : undefined;
  return {
    ...capture(`cx_${number}`, {
      status,
      inputTokens: tokens?.prompt_tokens,
      outputTokens: tokens?.completion_tokens,
      content: answer === undefined ? content : { ...content, answer },
    }),
    feedback: [],
  };
}

const right = (number: number): string => answerText(SEED, number, true);

const LINES = [line(1, 200), line(2, 502), line(3, 503), line(4, 499), line(5, 200)];
const CAPTURES = [
  kept(1, 200, right(1)),
  kept(2, 502, right(2).slice(0, 9), ERROR),
  kept(3, 503, "", ERROR),
  kept(4, 499, right(4).slice(0, 5)),
  kept(5, 200, right(5)),
];

function samples(stored: number, dropped: number): Samples {
  return [
    { series: 'crossover_captures_total{outcome="stored"}', value: stored },
    { series: 'crossover_captures_total{outcome="dropped"}', value: dropped },
  ];
}

function failing(changes: Partial<CaptureEvidence>): readonly string[] {
  const evidence: CaptureEvidence = {
    seed: SEED,
    seen: [
      seen(1, { kind: "complete" }),
      seen(2, { kind: "broken", code: "load_fault" }),
      seen(3, { kind: "refused", status: 503, code: "load_fault" }),
      seen(4, { kind: "left" }),
      seen(5, { kind: "left" }),
    ],
    lines: LINES,
    samples: samples(5, 0),
    captures: CAPTURES,
    usage: [usage({ requests: 4, inputTokens: 5 }), usage({ requests: 1, inputTokens: 1 })],
    ...changes,
  };
  return captureChecks(evidence).flatMap(({ name, ok }) => (ok ? [] : [name]));
}

/** The captures with another in a request's place. */
function swap(number: number, by: StoredCapture): readonly StoredCapture[] {
  return CAPTURES.map((one) => (one.id === `cx_${number}` ? by : one));
}

test("books that agree pass, also where a capture was dropped and counted", () => {
  expect(failing({})).toEqual([]);
  expect(failing({ captures: CAPTURES.slice(1), samples: samples(4, 1) })).toEqual([]);
});

const TEXTS = "captured texts that nobody sent or got";

test.each<[string, Partial<CaptureEvidence>, string]>([
  ["a capture that is lost", { captures: CAPTURES.slice(1), samples: samples(5, 0) }, "captures"],
  ["a capture twice", { captures: [...CAPTURES.slice(1), kept(5, 200, right(5))] }, "captures"],
  ["a stored one that is not there", { samples: samples(6, 0) }, "captures stored"],
  ["a capture of no request", { captures: swap(1, kept(9, 200, right(9))) }, "captures of no request"],
  ["another status", { captures: swap(4, kept(4, 200, right(4))) }, "captures and log contradict"],
  [
    "another's tokens",
    { captures: swap(1, { ...kept(1, 200, right(1)), inputTokens: 2 }) },
    "captures and log contradict",
  ],
  ["another's answer", { captures: swap(1, kept(1, 200, right(2))) }, TEXTS],
  ["half an answer that came whole", { captures: swap(1, kept(1, 200, right(1).slice(0, 20))) }, TEXTS],
  ["an answer that broke without its error", { captures: swap(2, kept(2, 502, right(2))) }, TEXTS],
  ["an answer beside an error", { captures: swap(3, kept(3, 503, "soup", ERROR)) }, TEXTS],
  ["what a client that left never got", { captures: swap(4, kept(4, 499, "else")) }, TEXTS],
  ["another's question", { captures: swap(5, { ...kept(6, 200, right(5)), id: "cx_5" }) }, TEXTS],
  ["no texts", { captures: swap(1, { ...kept(1, 200, ""), content: undefined }) }, TEXTS],
  [
    "a request that no hour counts",
    { usage: [usage({ requests: 4, inputTokens: 6 })] },
    "requests in the hours of usage",
  ],
  [
    "tokens that no hour counts",
    { usage: [usage({ requests: 5, inputTokens: 5 })] },
    "input tokens in the hours of usage",
  ],
])("%s fails", (_what, changes, check) => {
  expect(failing(changes)).toContain(check);
});
