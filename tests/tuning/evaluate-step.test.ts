import { rmSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tuningJob } from "../../src/tuning/job.ts";
import { sampledRows, trainedRows } from "../../src/tuning/validation-rows.ts";
import { succeededJob } from "../support/tuning-job.ts";
import { answered, examples, QUESTION, refused, trained, world } from "./world.ts";

const right = (query: string) => answered(query.replace("Question", "Answer").replace("?", "."));

test("the control is asked what the tuned model answered, once; both are told by the rows that both answered", async () => {
  const all = await world();
  let controls = 0;
  // Question 100 is too long for the tuned model, the first one that is left for the control.
  all.answer = (variant, query) =>
    variant === "prompted"
      ? controls++ === 0
        ? refused(500, "gone")
        : right(query)
      : query.includes("101")
        ? refused(400, "too long")
        : right(query);
  const job = await trained(all.tuner());
  expect(job.evaluation).toMatchObject({
    rows: 5,
    compared: 3,
    control: { answered: 3, failed: 1, exact: 1, interval: { high: 1 } },
    candidate: { answered: 4, failed: 1, exact: 1 },
    difference: { low: expect.any(Number), high: expect.any(Number) },
  });
  const problems = job.journal.filter(({ kind }) => kind === "problem").map(({ message }) => message);
  expect(problems).toEqual([
    `${job.spec.variant} did not answer 1 of 5 rows (20%), which the shares leave out, such as: too long`,
    "prompted did not answer 1 of 4 rows (25%), which the shares leave out.",
  ]);
  expect(all.asked.filter((variant) => variant === "prompted")).toHaveLength(4);
  expect((await all.store.comparison(job.evaluation?.comparison ?? ""))?.rows).toHaveLength(4);
});

test("what the tuned model refuses for now it is asked once more, the control nothing meanwhile", async () => {
  const all = await world();
  let asked = 0;
  all.answer = (variant, query) =>
    variant === "prompted" || asked++ === 0 || asked > 6 ? right(query) : refused(429, "busy");
  const job = await trained(all.tuner());
  expect(job.evaluation).toMatchObject({ rows: 5, compared: 5, candidate: { answered: 5, failed: 0 } });
  expect(all.asked.indexOf("prompted")).toBe(11);
  expect(all.asked).toHaveLength(16);
  expect(job.journal.some(({ kind }) => kind === "problem")).toBe(false);
});

test("a page that can't be written is told, and the numbers stay", async () => {
  const all = await world();
  const { folders } = all;
  const full = new Proxy(folders, {
    get: (target, key) =>
      key === "write"
        ? async () => {
            throw new Error("ENOSPC: no space left");
          }
        : Reflect.get(target, key).bind(target),
  });
  const job = await trained(all.tuner({ folders: full }));
  expect(job).toMatchObject({ state: "succeeded", evaluation: { rows: 5 } });
  expect(job.journal.filter(({ kind }) => kind === "problem")).toMatchObject([{ message: /ENOSPC/ }]);
});

test("a validation file that is gone is none, which is told", async () => {
  const all = await world();
  let id = "";
  all.provider.at = (moment) => {
    if (moment === "before observe") rmSync(all.folders.pathOf(id, "validation.jsonl"), { force: true });
  };
  const tuner = all.tuner();
  id = (await tuner.start(await tuner.plan(QUESTION), false)).id;
  const job = await tuner.work(id, AbortSignal.timeout(20_000));
  expect(job).toMatchObject({ state: "succeeded", evaluation: null });
  expect(job.journal.find(({ kind }) => kind === "problem")?.message).toContain("validation.jsonl is gone");
  expect(all.asked).toEqual([]);
});

test("rows of the validation file that are trained on too are not compared", async () => {
  const all = await world();
  // Questions 10 and 11 are the last of the training file.
  const validation = { kind: "text", text: examples(5, 10) } as const;
  const tuner = all.tuner();
  expect((await tuner.plan({ ...QUESTION, validation })).notes).toEqual([
    "2 of 5 validation rows are also trained on and not compared. The comparison is drawn from the others.",
  ]);
  expect((await trained(tuner, { ...QUESTION, validation })).evaluation).toMatchObject({
    rows: 3,
    compared: 3,
  });
});

test("where all of them are, nothing is compared, which the plan tells", async () => {
  const all = await world();
  const tuner = all.tuner();
  const question = { ...QUESTION, validation: QUESTION.training };
  expect((await tuner.plan(question)).notes).toEqual([
    "12 of 12 validation rows are also trained on and not compared: the tuned model will not be compared with the control.",
  ]);
  const job = await trained(tuner, question);
  expect(job).toMatchObject({ state: "succeeded", evaluation: null });
  expect(job.journal.some(({ message }) => message.startsWith("All rows of the validation file"))).toBe(true);
  expect(all.asked).toEqual([]);
});

test("neither side is sent the system messages of the validation file", async () => {
  const all = await world();
  const withSystem = examples(5, 100).replaceAll(
    '"messages":[',
    '"messages":[{"role":"system","content":"You are a clerk."},',
  );
  const seen: string[] = [];
  const deps = all.deps();
  const tuner = all.tuner({
    comparing: {
      ...deps.comparing,
      tools: (table, route) => {
        const tools = deps.comparing.tools(table, route);
        return {
          ...tools,
          ask: (request, variant, signal) => {
            seen.push(...request.messages.map(({ role }) => role));
            return tools.ask(request, variant, signal);
          },
        };
      },
    },
  });
  const job = await trained(tuner, { ...QUESTION, validation: { kind: "text", text: withSystem } });
  expect(job.evaluation?.compared).toBe(5);
  expect(new Set(seen)).toEqual(new Set(["user"]));
});

test("an evaluation of an earlier version is read", () => {
  const { evaluation, ...job } = succeededJob();
  const old = {
    comparison: "cx_1",
    rows: 10,
    control: { variant: "prompted", exact: 0.7, input_tokens: 812 },
    candidate: { variant: "tuned", exact: 0.9, input_tokens: 21 },
  };
  expect(evaluation?.compared).toBe(10);
  expect(tuningJob.parse({ ...job, evaluation: old }).evaluation).toMatchObject({
    ...old,
    compared: null,
    difference: null,
    candidate: { ...old.candidate, answered: null, interval: null },
  });
});

describe("rows drawn from a file", () => {
  const fileOf = (texts: readonly string[]) => new Blob([texts.join("\n")]);
  const row = (index: number) => ({ index });
  const NONE = new Set<string>();

  test("are as many as there are, in their order, and the same for the same seed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(60), fc.integer({ min: 1, max: 20 }), fc.string(), async (rows, most, seed) => {
        const file = fileOf(Array.from({ length: rows }, (_, index) => JSON.stringify(row(index))));
        const drawn = await sampledRows(file, most, seed, NONE);
        expect(drawn).toHaveLength(Math.min(rows, most));
        const indexes = drawn.map(({ index }) => Number(index));
        expect(indexes).toEqual(indexes.toSorted((a, b) => a - b));
        expect(new Set(indexes).size).toBe(indexes.length);
        expect(await sampledRows(file, most, seed, NONE)).toEqual(drawn);
        // Fewer of the same seed are some of them.
        const fewer = await sampledRows(file, Math.ceil(most / 2), seed, NONE);
        expect(drawn).toEqual(expect.arrayContaining([...fewer]));
      }),
      { numRuns: 50 },
    );
  });

  test("come from everywhere in it", async () => {
    const file = fileOf(Array.from({ length: 1000 }, (_, index) => JSON.stringify(row(index))));
    const indexes = (await sampledRows(file, 100, "seed", NONE)).map(({ index }) => Number(index));
    for (const part of [0, 250, 500, 750])
      expect(indexes.filter((index) => index >= part && index < part + 250).length).toBeGreaterThan(10);
  });

  test("are none of those that were trained on, in whatever order their members stand", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(60), fc.nat(9), fc.integer({ min: 1, max: 20 }), async (rows, last, most) => {
        const all = Array.from({ length: rows }, (_, index) => row(index));
        const leaked = all.filter(({ index }) => index % 10 <= last);
        const training = fileOf(["\uFEFF", ...leaked.map(({ index }) => `{"tools":[],"index": ${index}}`)]);
        const file = fileOf(all.map(({ index }) => JSON.stringify({ index, tools: [] })));
        const drawn = await sampledRows(file, most, "s", await trainedRows(training));
        expect(drawn).toHaveLength(Math.min(rows - leaked.length, most));
        expect(drawn.filter(({ index }) => Number(index) % 10 <= last)).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  test("a byte-order mark and blank lines are no rows", async () => {
    const file = fileOf(["\uFEFF{}", "", '{"a":1}', " "]);
    expect(await sampledRows(file, 5, "s", NONE)).toEqual([{}, { a: 1 }]);
  });
});
