import { expect, test } from "vitest";
import { reportLines, reportText } from "../../src/cli/report-text.ts";
import type { UsageHour } from "../../src/domain/capture.ts";
import { type Question, reportsOn } from "../../src/reports/reports.ts";
import { toDocument } from "../../src/reports/to-document.ts";
import { helpTable, storeOf } from "../reports/material.ts";
import { DAY, daily, hourOf, START, TUNED } from "../reports/usage.ts";

const prompted = hourOf(480, { input: 1200, added: 1000, output: 300, cost: 0.0048 });
const bare = hourOf(480, { input: 200, output: 300, cost: 0.00112 }, TUNED);
const MONTH = [...daily(30, prompted), ...daily(30, bare)];

async function documents(question: Question, hours: readonly UsageHour[] = MONTH, table = helpTable()) {
  const reports = await reportsOn(
    storeOf({ hours }),
    table,
    { route: "help", ...question },
    START + 30 * DAY,
  );
  return reports.map(toDocument);
}

async function textOf(
  question: Question,
  hours: readonly UsageHour[] = MONTH,
  table = helpTable(),
): Promise<string> {
  return (await documents(question, hours, table)).map(reportText).join("");
}

const THERE = { inputPrice: 0.8, outputPrice: 3.2 };

test.each<[string, Question, RegExp]>([
  ["a candidate pays back", {}, /training at \$100 is paid back after 28\.3 days, 27,174 requests\n/],
  [
    "hosting takes all",
    { hostingPerHour: 1 },
    /never pays at this volume: hosting alone takes 6,522 requests a day/,
  ],
  [
    "hosting takes a part",
    { hostingPerHour: 0.1 },
    /\$2\.40 of hosting a day: \$1\.13 saved a day\n.*after 88\.3 days\n/,
  ],
  ["dear prices", { inputPrice: 9, outputPrice: 36, trainingCost: 1 }, /never pays, at no volume/],
  [
    "no training cost",
    THERE,
    /Break-even with a model at the prices given, its cost modelled:[\s\S]*give --training-cost/,
  ],
  ["no training cost, and volumes", THERE, /^1x +480 +unknown +53$/m],
  ["nothing enriched is left", { candidate: "prompted" }, /Break-even with prompted: not known/],
  [
    "savings",
    {},
    /^So far 14,400 requests of the candidate saved \$52\.99; less hosting \$0 and training \$100: −\$47\.01\.$/m,
  ],
])("%s", async (_what, question, words) => {
  expect(await textOf(question)).toMatch(words);
});

test("a saving that is not sure has no upper end", async () => {
  const quiet = hourOf(1, { input: 1200, added: 1000, output: 300, cost: 0.0048 });
  const uneven = [...daily(29, quiet), { ...prompted, hour: START + 29 * DAY }];
  expect(await textOf({}, uneven)).toMatch(/ 17 \(0 to 48\.3\) a day\.$/m); // no rate is below 0
  expect(await textOf({}, uneven)).toMatch(/is paid back after [\d,]+ \([\d.]+ to never\) days/);
});

test("no requests, no costs, no candidate", async () => {
  expect(await textOf({}, [])).toMatch(/^help, .* UTC: no requests\.\n\nAdvice: stay/);
  const unpriced = daily(30, { ...prompted, priced: 0 });
  expect(await textOf({}, unpriced)).toMatch(/What the prompt costs is not known/);
  const alone = helpTable({ routes: { help: { rules: [{ use: "prompted" }] } } });
  expect(await textOf({}, MONTH, alone)).toMatch(/Break-even: the route has no bare or fine-tuned variant/);
});

test("an hour of traffic is no day, and is told and marked as that", async () => {
  const hour = { ...prompted, hour: START + 30 * DAY - DAY / 24 };
  expect(await textOf({}, [hour])).toMatch(
    /: 480 requests in 1 hour, ~11,520 a day, reckoned from 1 hour of traffic\.$/m,
  );
  expect(await textOf({}, [hour])).toMatch(/^ {2}at ~11,520 requests a day/m);
  const lines = reportLines(await documents({}, [hour]));
  expect(lines).toMatch(/ ~11,520 /);
  expect(lines).toMatch(/\n~ is reckoned from less than a day of traffic\.\n$/);
  expect(await textOf({ trainingCost: 0.5 })).toMatch(/is paid back after 3\.4 hours, /);
});

test("a line for each route", async () => {
  const lines = async (question: Question): Promise<readonly (readonly string[])[]> =>
    reportLines(await documents({ route: undefined, ...question }))
      .split("\n")
      .map((line) => line.split(/ {2,}/));
  expect((await lines({}))[2]).toEqual(["help", "keep", "28.3 days", "28,800", "960", "85.2", "28.8"]);
  expect((await lines({}))[3]).toEqual(["other", "stay", "unknown", "0", "0"]);
  expect((await lines({ hostingPerHour: 9 }))[2]?.[2]).toBe("never");
  expect((await lines(THERE))[2]?.[2]).toBe("unknown");
});
