import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HORIZON_DAYS } from "../../src/reports/advise.ts";
import { type ReportDocument, reportDocument } from "../../src/reports/document.ts";
import { type Question, reportsOn } from "../../src/reports/reports.ts";
import { toDocument } from "../../src/reports/to-document.ts";
import { captureOf } from "./captures.ts";
import { helpTable, type Stored, storeOf } from "./material.ts";
import { DAY, daily, hourOf, START, TUNED } from "./usage.ts";

const NOW = START + 30 * DAY;

async function documents(stored: Stored, question: Question = {}, table = helpTable()) {
  return (await reportsOn(storeOf(stored), table, question, NOW)).map(toDocument);
}

async function documentOf(stored: Stored, question: Question = {}, table = helpTable()) {
  const [document] = await documents(stored, { route: "help", ...question }, table);
  if (document === undefined) throw new TypeError("no report");
  return reportDocument.parse(document);
}

const prompted = hourOf(480, { input: 1200, added: 1000, output: 300, cost: 0.0048 });
const bare = hourOf(480, { input: 200, output: 300, cost: 0.00112 }, TUNED);

test("no traffic yet: an honest empty report", async () => {
  const report = await documentOf({});
  expect(report).toMatchObject({
    observed_days: 0,
    totals: { requests: 0, cost_usd: 0, mean_cost_usd: null, mean_duration_ms: null },
    by_path: [],
    by_variant: [],
    by_prompt_version: [],
    requests_per_day: null,
    priced_requests_per_day: null,
    prompt_cost: null,
    candidate: { variant: "tuned", model: "ft", training_cost: 100 },
    break_even: null,
    savings: null,
    notes: [],
  });
  expect(report.advice.advice).toBe("stay");
  expect(report.advice.reasons.map(({ text }) => text).join("\n")).toMatch(/0 requests a day/);
});

test("every route without one named, and only what is there", async () => {
  const all = await documents({ hours: [prompted] });
  expect(all.map(({ route, totals }) => [route, totals.requests])).toEqual([
    ["help", 480],
    ["other", 0],
  ]);
  await expect(documents({}, { route: "nothing" })).rejects.toMatchObject({
    status: 404,
    code: "model_not_found",
  });
});

test.each<[Question, string, string]>([
  [{ candidate: "nobody" }, "invalid_value", "candidate"],
  [{ inputPrice: 1 }, "missing_required_parameter", "output_price"],
  [{ outputPrice: 1 }, "missing_required_parameter", "input_price"],
  [{ from: NOW, to: NOW }, "invalid_value", "from"],
  [{ from: NOW + 1 }, "invalid_value", "from"],
  [{ route: undefined, candidate: "tuned" }, "missing_required_parameter", "route"],
])("%j is refused as %s of %s", async (question, code, param) => {
  await expect(documents({}, { route: "help", ...question })).rejects.toMatchObject({
    status: 400,
    code,
    param,
  });
});

describe("a month of both paths", () => {
  const hours = [...daily(30, prompted), ...daily(30, bare)];

  test("rates, the prompt's cost, break-even and savings", async () => {
    const report = await documentOf({ hours });
    expect(report.observed_days).toBe(30);
    expect(report.requests_per_day).toEqual({ value: 960, low: 960, high: 960 });
    // 480 a day x 30 days x 1,000 tokens x $2 a million
    expect(report.prompt_cost?.usd_per_month.low).toBeCloseTo(28.8, 8);
    expect(report.prompt_cost?.share_of_input).toBeCloseTo(1000 / 1200, 12);
    // 960 a day x $0.00368 = $3.5328; $100 in 28.306 days
    expect(report.break_even).toMatchObject({ verdict: "pays_back", basis: "measured" });
    expect(report.break_even?.days?.value).toBeCloseTo(100 / 3.5328, 6);
    // 14,400 requests x $0.00368, less the training
    expect(report.savings?.requests).toBe(14_400);
    expect(report.savings?.gross_usd.value).toBeCloseTo(52.992, 6);
    expect(report.savings?.net_usd.value).toBeCloseTo(-47.008, 6);
    expect(report.advice.advice).toBe("keep");
    expect(report.notes).toEqual([]);
  });

  test("a candidate that fails more is no longer advised", async () => {
    const failing = daily(30, { ...bare, errors: 48, failures: 48, priced: 432 });
    const report = await documentOf({ hours: [...daily(30, prompted), ...failing] });
    expect(report.advice.advice).toBe("go-back");
    expect(report.advice.reasons[0]?.topic).toBe("errors");
  });

  test("another candidate, other prices, other hosting, another horizon", async () => {
    const other = await documentOf({ hours }, { candidate: "prompted" });
    expect(other.candidate?.variant).toBe("prompted");
    expect(other.break_even).toBeNull(); // nothing enriched is left to weigh it against
    const hosted = await documentOf({ hours }, { hostingPerHour: 1, trainingCost: 5 });
    expect(hosted.candidate).toMatchObject({ variant: "tuned", hosting_per_hour: 1, training_cost: 5 });
    expect(hosted.break_even).toMatchObject({ verdict: "never", basis: "measured", hosting_usd_per_day: 24 });
    expect(hosted.break_even?.days?.value).toBeNull();
    expect(hosted.break_even?.requests_per_day_needed).toBeCloseTo(24 / 0.00368, 4);
    expect(hosted.notes.join("\n")).toMatch(/hosting is counted here/);
    const given = await documentOf({ hours }, { inputPrice: 2, outputPrice: 8 });
    expect(given.candidate).toMatchObject({ variant: null, training_cost: null });
    expect(given.break_even).toMatchObject({ verdict: "training_cost_unknown", days: null });
    const tunedAt = await documentOf({ hours }, { candidate: "tuned", inputPrice: 2, outputPrice: 8 });
    expect(tunedAt.candidate).toMatchObject({ variant: "tuned", input_price: 2, training_cost: 100 });
    expect(tunedAt.break_even?.basis).toBe("modelled");
    const notYet = { hours: daily(30, prompted) };
    const patient = async (horizonDays?: number) =>
      (await documentOf(notYet, { horizonDays })).advice.reasons.find(({ topic }) => topic === "break_even");
    expect(await patient()).toMatchObject({ threshold: HORIZON_DAYS, speaks: "for" });
    expect(await patient(30)).toMatchObject({ threshold: 30, speaks: "against" });
  });

  test("a candidate without a price has no break-even, and says so", async () => {
    const table = helpTable({
      models: {
        base: { provider: "sim", model: "gpt-4.1", price: { input: 2, output: 8 } },
        ft: { provider: "sim", model: "ft:of-nobody" },
      },
    });
    const report = await documentOf({ hours: daily(30, prompted) }, {}, table);
    expect(report.candidate).toMatchObject({ variant: "tuned", input_price: null });
    expect(report.break_even).toBeNull();
    expect(report.advice.reasons.find(({ topic }) => topic === "break_even")?.speaks).toBe("open");
  });

  test("a range takes its hours alone", async () => {
    const report = await documentOf({ hours }, { from: START + 10 * DAY, to: START + 12 * DAY });
    expect(report.totals.requests).toBe(4 * 480);
    expect(report.from).toBe("2026-06-11T00:00:00.000Z");
    expect(report.to).toBe("2026-06-13T00:00:00.000Z");
  });

  test("a range begins with a whole hour, and ends by now", async () => {
    const report = await documentOf({ hours }, { from: START + 59 * 60_000, to: NOW + DAY });
    expect(report.from).toBe("2026-06-01T00:00:00.000Z");
    expect(report.to).toBe("2026-07-01T00:00:00.000Z");
    expect(report.totals.requests).toBe(28_800);
  });
});

describe("the candidate", () => {
  const twoTuned = (variants: Readonly<Record<string, unknown>>) =>
    helpTable({
      variants: { prompted: { model: "base", prompt: "helper" }, ...variants },
      routes: { help: { rules: [{ use: { split: { prompted: 50, first: 25, second: 25 } } }] } },
    });

  test("is the bare one that answered most; the first, where none did", async () => {
    const table = twoTuned({ first: { model: "ft" }, second: { model: "ft" } });
    const hours = [prompted, { ...bare, variant: "first", requests: 9 }, { ...bare, variant: "second" }];
    expect((await documentOf({ hours }, {}, table)).candidate?.variant).toBe("second");
    expect((await documentOf({}, {}, table)).candidate?.variant).toBe("first");
  });

  test("may have a short prompt of its own, which a model of its cost leaves out", async () => {
    const table = twoTuned({
      first: { model: "base", prompt: "helper" },
      second: { model: "ft", prompt: "helper" },
    });
    const report = await documentOf({ hours: daily(30, prompted) }, {}, table);
    expect(report.candidate?.variant).toBe("second");
    expect(report.break_even?.basis).toBe("modelled");
    expect(report.notes.join("\n")).toMatch(/has a prompt of its own, whose tokens the model leaves out/);
  });
});

test("what the numbers leave out is said", async () => {
  const unpriced = hourOf(100, {}, { priced: 0, model: "new" });
  const long = hourOf(480, { input: 2000, output: 300, cost: 0.00256 }, TUNED);
  const report = await documentOf({ hours: daily(3, prompted).concat(daily(3, unpriced), daily(3, long)) });
  expect(report.notes).toEqual([
    "The cost of 9.4% of the answered requests is not known; sums and rates of cost leave them out.",
    expect.stringMatching(/^The paths got unlike queries: 200 tokens on the enriched one, 2,000 on/),
  ]);
});

test("the prompt's age is that of the variant that answers most", async () => {
  const changed = daily(30, prompted).map((hour, day) => ({
    ...hour,
    promptVersion: day < 20 ? "v1" : "v2",
  }));
  const experiment = { ...prompted, variant: "try", promptVersion: "x", requests: 5, hour: NOW - DAY };
  const report = await documentOf({ hours: [...changed, experiment] });
  const stability = report.advice.reasons.find(({ topic }) => topic === "stability");
  expect(stability).toMatchObject({ speaks: "against", value: 10 });
  expect(report.by_prompt_version.map(({ prompt_version, requests }) => [prompt_version, requests])).toEqual([
    ["v1", 9600],
    ["v2", 4800],
    ["x", 5],
  ]);
});

test("examples are distinct whole answers among the newest captures", async () => {
  const captures = [
    ...Array.from({ length: 1200 }, (_, i) => captureOf({ query: `question ${i % 900}` })),
    captureOf({ query: "cut", truncated: true }),
    captureOf({ query: "too long", finishReason: "length" }),
    captureOf({ query: " " }),
    captureOf({ query: "no answer", answer: undefined }),
    captureOf({ query: "question 1", feedback: 1 }),
    captureOf({ query: "question 2", feedback: 2 }),
  ];
  const report = await documentOf({ hours: daily(30, prompted), captures });
  const examples = report.advice.reasons.find(({ topic }) => topic === "examples");
  expect(examples?.text).toBe(
    "At most 900 of the newest 1206 captured answers look clean (2 with feedback); 100 are wanted.",
  );
  expect(report.advice.advice).toBe("tune");
});

test("the latest comparison of the candidate with a prompted variant counts", async () => {
  const pair = (against: string, mean: number, n = 20) => ({
    id: "c",
    at: 1,
    route: "help",
    variants: [against, "tuned"],
    summary: JSON.stringify({
      summary: { pairs: [{ variant: "tuned", against, n, edit_similarity: { mean } }] },
    }),
  });
  const comparisons = [pair("stranger", 0.1), pair("prompted", 0.2, 19), pair("prompted", 0.3)];
  const report = await documentOf({ hours: daily(30, prompted), comparisons });
  expect(report.advice.reasons.find(({ topic }) => topic === "agreement")).toMatchObject({
    speaks: "against",
    value: 0.3,
  });
});

test("no more than the 2,000 newest captures are looked at", async () => {
  const captures = Array.from({ length: 2600 }, (_, i) => captureOf({ query: `question ${i}` }));
  const report = await documentOf({ captures });
  expect(report.advice.reasons.find(({ topic }) => topic === "examples")).toMatchObject({
    value: 2000,
    text: expect.stringMatching(/the newest 2000 /),
  });
});

test("however the hours fall, paths, variants and versions sum to the whole", async () => {
  const count = fc.nat(1000);
  const hour = fc.record({
    day: fc.nat(29),
    requests: count,
    cost: fc.double({ min: 0, max: 1, noNaN: true }),
    input: count,
    tuned: fc.boolean(),
    version: fc.constantFrom("v1", "v2"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(hour, { maxLength: 40 }), async (drawn) => {
      const hours = drawn.map(({ day, requests, cost, input, tuned, version }) => ({
        ...hourOf(requests, { cost, input, added: tuned ? 0 : Math.floor(input / 2) }),
        ...(tuned ? TUNED : { promptVersion: version }),
        hour: START + day * DAY,
      }));
      const report = await documentOf({ hours });
      const sum = (
        groups: readonly ReportDocument["totals"][],
        of: (one: ReportDocument["totals"]) => number,
      ) => groups.reduce((all, group) => all + of(group), 0);
      for (const groups of [report.by_path, report.by_variant, report.by_prompt_version]) {
        expect(sum(groups, ({ requests }) => requests)).toBe(report.totals.requests);
        expect(sum(groups, ({ input_tokens }) => input_tokens)).toBe(report.totals.input_tokens);
        expect(sum(groups, ({ cost_usd }) => cost_usd)).toBeCloseTo(report.totals.cost_usd, 6);
      }
    }),
  );
});

test("hosting that eats the saving is a reason against, whatever training costs", async () => {
  const table = helpTable({
    models: {
      base: { provider: "sim", model: "gpt-4.1", price: { input: 2, output: 8 } },
      ft: { provider: "sim", model: "ft:mini", price: { input: 0.8, output: 3.2, hostingPerHour: 9 } },
    },
  });
  const report = await documentOf({ hours: daily(30, prompted) }, {}, table);
  expect(report.break_even).toMatchObject({ verdict: "never", days: { value: null } });
  expect(report.advice.reasons[0]).toMatchObject({ topic: "break_even", speaks: "against" });
  expect(report.advice.reasons[0]?.text).toMatch(/never pays back .* whatever its training costs\.$/);
});

test("notes tell of the simulator: what it plays now, and what it answered", async () => {
  const captures = [{ ...captureOf({ query: "Eggs?" }), simulated: true }, captureOf({ query: "Rice?" })];
  const table = helpTable({
    providers: { sim: { kind: "openai", apiKey: "", withoutKey: "simulator" } },
  });
  const { notes, advice } = await documentOf({ hours: [prompted], captures }, {}, table);
  expect(advice.reasons.find(({ topic }) => topic === "examples")?.value).toBe(1);
  expect(notes).toContain("Played by the built-in simulator now: prompted, tuned.");
  expect(notes.join("\n")).toContain("The simulator gave 1 captured answer of this time");
  const real = await documentOf({ hours: [prompted] });
  expect(real.notes.join("\n")).not.toContain("simulator");
});
