import { expect, test } from "vitest";
import { reportText } from "../../src/cli/report-text.ts";
import type { ReportDocument } from "../../src/reports/document.ts";
import { reportsOn } from "../../src/reports/reports.ts";
import { toDocument } from "../../src/reports/to-document.ts";
import { codeBlocks, readPage } from "../support/markdown.ts";
import { helpTable, storeOf } from "./material.ts";
import { DAY, hourOf, START } from "./usage.ts";

/** The example of docs/reports.md: 900 requests with short answers and 1,100 with long ones, day by day. */
async function example(): Promise<ReportDocument> {
  const hours = Array.from({ length: 30 }, (_, day) =>
    day % 2 === 0
      ? hourOf(900, { input: 1200, added: 1000, output: 200, cost: 0.004 }, { hour: START + day * DAY })
      : hourOf(1100, { input: 1200, added: 1000, output: 400, cost: 0.0056 }, { hour: START + day * DAY }),
  );
  const question = { route: "help", trainingCost: 100 };
  const [report] = await reportsOn(storeOf({ hours }), helpTable(), question, START + 30 * DAY);
  if (report === undefined) throw new TypeError("no report");
  return toDocument(report);
}

test("the example's numbers, worked by hand as the page has them", async () => {
  const report = await example();
  const even = report.break_even;
  // With the prompt: (15 x 900 x $0.0040 + 15 x 1,100 x $0.0056) / 30,000 = (54 + 92.4) / 30,000
  expect(even?.enriched_usd_per_request.value).toBeCloseTo(0.00488, 12);
  // Without it at $0.80 and $3.20: (13,500 x $0.0008 + 16,500 x $0.00144) / 30,000 = (10.8 + 23.76) / 30,000
  expect(even?.candidate_usd_per_request.value).toBeCloseTo(0.001152, 12);
  expect(even?.saving_usd_per_request.value).toBeCloseTo(0.003728, 12);
  // The costs' standard deviation is 0.0016 x sqrt(0.45 x 0.55) = 0.000796; by sqrt(30,000) that is 0.0000046.
  expect(even?.saving_usd_per_request.high).toBeCloseTo(0.003728 + 1.96 * 0.0000046, 7);
  // 1,000 a day; the days' deviation is 100 x sqrt(30 / 29) = 101.7, by sqrt(30) 18.57; x 1.96 = 36.4
  expect(report.requests_per_day?.low).toBeCloseTo(1000 - 36.4, 1);
  // 1,000 x $0.003728 = $3.728 a day, its error sqrt((1,000 x 0.0000046)^2 + (0.003728 x 18.57)^2) = 0.0694
  expect(even?.net_saving_usd_per_day.value).toBeCloseTo(3.728, 10);
  expect(even?.net_saving_usd_per_day.low).toBeCloseTo(3.728 - 1.96 * 0.0694, 3);
  // $100 / $3.728 = 26.82 days; from 100 / 3.864 to 100 / 3.592
  expect(even?.days?.value).toBeCloseTo(26.824, 3);
  expect(even?.days?.low).toBeCloseTo(100 / 3.864, 1);
  expect(even?.days?.high).toBeCloseTo(100 / 3.592, 1);
  // $100 / $0.003728
  expect(even?.requests?.value).toBeCloseTo(26_824.03, 1);
  // 1,000 tokens x $2 / 1e6, 1,000 x 30 requests a month
  expect(report.prompt_cost?.usd_per_request).toEqual({ low: 0.002, high: 0.002 });
});

test("docs/reports.md shows what the command prints", async () => {
  const [shown] = codeBlocks("docs/reports.md", "text");
  expect(shown?.text).toBe(reportText(await example()));
});

test("docs/reports.md has every threshold of the advisor", async () => {
  const source = readPage("src/reports/advise.ts");
  const constants = [...source.matchAll(/^export const ([A-Z_]+) = ([\d.]+);$/gm)];
  expect(constants.length).toBeGreaterThan(8);
  const table = readPage("docs/reports.md");
  for (const [, name, value] of constants) expect(table).toContain(`| \`${name}\` | ${value} |`);
});
