import { expect, test } from "vitest";
import type { UsageHour } from "../../src/domain/capture.ts";
import { costOf } from "../../src/domain/usage.ts";
import type { ReportDocument } from "../../src/reports/document.ts";
import { type Question, reportsOn } from "../../src/reports/reports.ts";
import { toDocument } from "../../src/reports/to-document.ts";
import { readPage } from "../support/markdown.ts";
import { helpTable, storeOf } from "./material.ts";
import { HOUR, hourOf, TUNED } from "./usage.ts";

const PROMPT_TOKENS = 600;
const END = Date.parse("2023-11-16T19:15:00Z");

/** The trace's requests by turns on both paths, each as usage of its hour. */
function usageOfTrace(): readonly UsageHour[] {
  const lines = readPage("tests/fixtures/traces/azure_conv_sample.csv").trim().split("\n").slice(1);
  return lines.map((line, index) => {
    const [time = "", context = "", generated = ""] = line.split(",");
    const hour = Math.floor(Date.parse(`${time.slice(0, 23).replace(" ", "T")}Z`) / HOUR) * HOUR;
    const enriched = index % 2 === 0;
    const input = Number(context) + (enriched ? PROMPT_TOKENS : 0);
    const output = Number(generated);
    const price = enriched ? { input: 2, output: 8 } : { input: 0.8, output: 3.2 };
    const cost = costOf({ input, cachedInput: 0, output }, price);
    const each = { input, output, cost, added: enriched ? PROMPT_TOKENS : 0 };
    return hourOf(1, each, { hour, ...(enriched ? {} : TUNED) });
  });
}

async function reportOnTrace(question: Question = {}): Promise<ReportDocument> {
  const store = storeOf({ hours: usageOfTrace() });
  const [report] = await reportsOn(store, helpTable(), { route: "help", ...question }, END);
  if (report === undefined) throw new TypeError("no report");
  return toDocument(report);
}

// The expected numbers were worked out by awk over the same file, e.g. for the enriched path
// NR > 1 && NR % 2 == 0 { n++; in += $2 + 600; out += $3; c = (($2 + 600) * 2 + $3 * 8) / 1e6; sum += c; sq += c * c }
test("the totals of a real trace are those of an independent sum", async () => {
  const { by_path, totals, requests_per_day, observed_days } = await reportOnTrace();
  const [enriched, bare] = by_path;
  expect(enriched).toMatchObject({
    path: "enriched",
    requests: 255,
    input_tokens: 457_683,
    output_tokens: 53_671,
    added_tokens: 255 * PROMPT_TOKENS,
  });
  expect(enriched?.cost_usd).toBeCloseTo(1.344734, 9);
  expect(enriched?.mean_cost_usd?.value).toBeCloseTo(0.005273466667, 11);
  expect(enriched?.mean_cost_usd?.high).toBeCloseTo(0.005273466667 + 1.959964 * 0.000146792247, 9);
  expect(bare).toMatchObject({ path: "bare", requests: 255, input_tokens: 287_361, output_tokens: 54_484 });
  expect(bare?.cost_usd).toBeCloseTo(0.4042376, 9);
  expect(bare?.mean_cost_usd?.low).toBeCloseTo(0.00158524549 - 1.959964 * 0.000064376904, 9);
  expect(totals.requests).toBe(510);
  // From 18:00, when the first hour with traffic began, to 19:15.
  expect(observed_days).toBeCloseTo(1.25 / 24, 12);
  expect(requests_per_day?.value).toBeCloseTo(510 / (1.25 / 24), 6);
});

test("the trace's break-even, measured and with given prices modelled", async () => {
  const measured = (await reportOnTrace()).break_even;
  expect(measured).toMatchObject({ basis: "measured", verdict: "pays_back" });
  expect(measured?.saving_usd_per_request.value).toBeCloseTo(0.003688221176, 11);
  expect(measured?.requests?.value).toBeCloseTo(27_113.341423, 4);
  expect(measured?.days?.value).toBeCloseTo(27_113.341423 / (510 / (1.25 / 24)), 6);
  const given = await reportOnTrace({ inputPrice: 0.8, outputPrice: 3.2, trainingCost: 100 });
  expect(given.candidate).toMatchObject({ variant: null, training_cost: 100 });
  expect(given.break_even?.basis).toBe("modelled");
  // The prompted requests' own tokens at the tuned prices: awk has 0.001629387 for (in - 600, out).
  expect(given.break_even?.candidate_usd_per_request.value).toBeCloseTo(0.001629387, 9);
});

test("a trace of an hour is told to be short", async () => {
  expect((await reportOnTrace()).notes.join("\n")).toMatch(/traffic of 1\.25 hours only/);
});
