import { beforeAll, describe, expect, test } from "vitest";
import { murmur3 } from "../../src/domain/hash.ts";
import type { Store } from "../../src/store/store.ts";
import { useDatabases } from "./databases.ts";
import { batch, call, capture, contentOf, feedback, recipe, usage } from "./samples.ts";

const { kinds, open } = useDatabases();

describe.each(kinds)("a store on $name", (database) => {
  let store: Store;
  const fresh = async () => open(await database.create());
  const ids = async (filter: Parameters<Store["page"]>[0], order: "newest" | "oldest" = "newest") =>
    (await store.page(filter, { limit: 100, order })).captures.map(({ id }) => id);

  beforeAll(async () => {
    store = await fresh();
  });

  test("gives back what was written, to the last member", async () => {
    const full = capture("full", {
      rollout: "ft",
      stage: 2,
      run: "run-1",
      epoch: 3,
      share: 0.25,
      errorCode: "timeout",
      calls: [call(), call({ status: undefined, hedge: true, note: "the first took long" })],
    });
    const bare = capture("bare", {
      at: 1_001,
      stickyBy: undefined,
      stickyKey: undefined,
      tableVersion: undefined,
      key: undefined,
      user: undefined,
      metadata: {},
      inputTokens: undefined,
      cachedInputTokens: undefined,
      outputTokens: undefined,
      costUsd: undefined,
      firstTokenMs: undefined,
      prompt: undefined,
      promptVersion: undefined,
      content: undefined,
    });
    const odd = capture("odd", {
      at: 1_002,
      content: { ...contentOf("a", "b"), answer: undefined, finishReason: undefined, truncated: true },
    });
    await store.write(batch({ captures: [full, bare, odd], recipes: [recipe] }));
    expect(await store.find("full")).toEqual({ ...full, feedback: [] });
    const { captures, next } = await store.page({}, { limit: 10, order: "oldest" });
    expect(captures).toEqual([full, bare, odd].map((each) => ({ ...each, feedback: [] })));
    expect(next).toBeUndefined();
    expect(await store.find("other")).toBeUndefined();
    expect(await store.recipe("r1")).toEqual(recipe);
    expect(await store.recipe("r2")).toBeUndefined();
    expect(await store.count({})).toBe(3);
    expect(await store.size()).toMatchObject({ captures: 3, oldest: 1_000 });
  });

  test("texts that come later join their facts, once, and can be found", async () => {
    store = await fresh();
    const whole = capture("c1", { content: contentOf("Tomato soup", "Chop the onions.") });
    await store.write(batch({ captures: [{ ...whole, content: undefined }] }));
    expect(await ids({ search: "onions" })).toEqual([]);
    expect(await ids({ content: true })).toEqual([]);
    await store.write(batch({ captures: [capture("c2", { at: 2_000, content: undefined }), whole] }));
    await store.write(
      batch({ captures: [{ ...whole, content: contentOf("Leek soup", "Chop the leeks.") }] }),
    );
    expect(await store.find("c1")).toEqual({ ...whole, feedback: [] });
    expect(await ids({ search: "onions" })).toEqual(["c1"]);
    expect(await ids({ search: "leeks" })).toEqual([]);
    expect(await ids({ content: false })).toEqual(["c2"]);
    await store.delete({ id: "c1" });
    expect(await ids({ search: "onions" })).toEqual([]);
  });

  test("the same again changes nothing; usage adds up", async () => {
    store = await fresh();
    const first = batch({
      captures: [capture("a"), capture("a", { user: "bob" })],
      recipes: [recipe],
      usage: [usage(), usage({ hour: 7_200_000, promptVersion: undefined })],
    });
    await store.write(first);
    await store.write(first);
    expect(await store.count({})).toBe(1);
    expect((await store.find("a"))?.user).toBe("ada");
    expect(await store.usage({})).toEqual([
      usage({
        requests: 4,
        errors: 2,
        failures: 2,
        priced: 2,
        inputTokens: 400,
        cachedInputTokens: 20,
        outputTokens: 80,
        addedTokens: 320,
        costUsd: 1,
        costUsdSquares: 0.5,
        durationMs: 921,
      }),
      expect.objectContaining({ hour: 7_200_000, promptVersion: undefined, requests: 4 }),
    ]);
    await store.write(batch({ usage: [usage({ route: "b" })], usageId: "part 1" }));
    await store.write(
      batch({ captures: [capture("late")], usage: [usage({ route: "b" })], usageId: "part 1" }),
    );
    expect(await store.usage({ route: "b" })).toEqual([usage({ route: "b" })]);
    expect(await store.find("late")).toBeDefined();
    await store.write(batch({ usage: [usage({ route: "b" })], usageId: "part 2" }));
    expect((await store.usage({ route: "b" })).map(({ requests }) => requests)).toEqual([4]);
    expect(await store.usage({ route: "recipes", from: 3_600_001 })).toHaveLength(1);
    expect(await store.usage({ route: "recipes", to: 7_200_000 })).toHaveLength(1);
    expect(await store.usage({ route: "other" })).toHaveLength(0);
  });

  test("a batch is written whole or not at all", async () => {
    store = await fresh();
    const broken = usage({ requests: Number.NaN });
    await expect(store.write(batch({ captures: [capture("a")], usage: [broken] }))).rejects.toThrow();
    expect(await store.count({})).toBe(0);
  });

  test("feedback joins its request, before or after it; the latest of a name counts", async () => {
    store = await fresh();
    await store.addFeedback(feedback("f1", "a", { value: false, comment: "too salty" }));
    await store.write(batch({ captures: [capture("a"), capture("b", { variant: "tuned" })] }));
    await store.addFeedback(feedback("f2", "a", { value: true, at: 3_000 }));
    await store.addFeedback(feedback("f2", "a", { value: false, at: 4_000 }));
    await store.addFeedback(feedback("f3", "a", { value: false, at: 1_000 }));
    await store.addFeedback(feedback("f4", "b", { name: "score", value: 3 }));
    await store.addFeedback(feedback("f5", "b", { name: "label", value: "good" }));
    expect((await store.find("a"))?.feedback.map(({ id }) => id)).toEqual(["f3", "f1", "f2"]);
    expect((await store.find("a"))?.feedback[1]).toEqual(
      feedback("f1", "a", { value: false, comment: "too salty" }),
    );
    expect(await ids({ feedback: { name: "thumbs" } })).toEqual(["a"]);
    expect(await ids({ feedback: { name: "thumbs", equals: true } })).toEqual(["a"]);
    expect(await ids({ feedback: { name: "thumbs", equals: false } })).toEqual([]);
    expect(await ids({ feedback: { name: "thumbs", atLeast: 1 } })).toEqual(["a"]);
    expect(await ids({ feedback: { name: "score", atLeast: 3 } })).toEqual(["b"]);
    expect(await ids({ feedback: { name: "score", atLeast: 3.5 } })).toEqual([]);
    expect(await ids({ feedback: { name: "label", equals: "good" } })).toEqual(["b"]);
  });

  test("sums feedback up by route, variant and name", async () => {
    store = await fresh();
    const captures = Array.from({ length: 150 }, (_, i) => capture(`c${i}`, { at: i }));
    await store.write(batch({ captures }));
    for (const [i, score] of [1e9, 1e9 + 1, 1e9 + 2].entries())
      await store.addFeedback(feedback(`s${i}`, `c${i}`, { name: "score", value: score }));
    await store.addFeedback(feedback("one", "c1", { name: "single", value: true }));
    for (let i = 0; i < 150; i++)
      await store.addFeedback(
        feedback(`l${i}`, `c${i}`, { name: "label", value: i < 50 ? "often" : `label ${i}` }),
      );
    await store.addFeedback(feedback("long", "c0", { name: "correction", value: "x".repeat(201) }));
    await store.addFeedback(feedback("nobody's", "other", { name: "score", value: 9 }));
    const sums = await store.feedbackSummary({});
    expect(sums.map(({ route, variant, name, count }) => [route, variant, name, count])).toEqual([
      ["recipes", "prompted", "correction", 1],
      ["recipes", "prompted", "label", 150],
      ["recipes", "prompted", "score", 3],
      ["recipes", "prompted", "single", 1],
    ]);
    expect(sums[0]).toMatchObject({ mean: undefined, variance: undefined, labels: {} });
    expect(sums[1]?.labels["often"]).toBe(50);
    expect(Object.keys(sums[1]?.labels ?? {})).toHaveLength(100);
    expect(sums[2]).toMatchObject({ numbers: 3, binary: 0, mean: 1e9 + 1, variance: 1, labels: {} });
    expect(sums[3]).toMatchObject({ numbers: 1, binary: 1, mean: 1, variance: undefined });
    expect(await store.feedbackSummary({ variant: "tuned" })).toEqual([]);
    expect((await store.feedbackSummary({ to: 2 })).find(({ name }) => name === "score")?.count).toBe(2);
  });

  test("finds words in any language, whatever is typed", async () => {
    store = await fresh();
    const texts: readonly (readonly [string, string, string])[] = [
      ["soup", "Quick tomato-soup, please!", "Chop the onions."],
      ["cake", "Crème brûlée", "NEAR the oven AND warm"],
      ["noodles", "我想吃牛肉面条", "好的"],
      ["curry", "ประเทศไทยแกงเขียวหวาน", "कढ़ी और चावल"],
      ["kebab", "Şiş kebap пожалуйста", "ναι"],
      ["none", "", "x".repeat(300)],
    ];
    await store.write(
      batch({
        captures: texts.map(([id, query, answer], at) =>
          capture(id, { at, content: contentOf(query, answer) }),
        ),
      }),
    );
    expect(await ids({ search: "tomato onions" })).toEqual(["soup"]);
    expect(await ids({ search: "TOMATO sou*" })).toEqual(["soup"]);
    expect(await ids({ search: "tom* onions" })).toEqual(["soup"]);
    expect(await ids({ search: "sou" })).toEqual([]);
    expect(await ids({ search: "tomato-soup" })).toEqual(["soup"]);
    expect(await ids({ search: "tomat soup" })).toEqual([]);
    expect(await ids({ search: "creme BRULEE" })).toEqual(["cake"]);
    expect(await ids({ search: "near and" })).toEqual(["cake"]);
    expect(await ids({ search: "牛肉" })).toEqual(["noodles"]);
    expect(await ids({ search: "肉牛" })).toEqual([]);
    expect(await ids({ search: "我 条" })).toEqual(["noodles"]);
    expect(await ids({ search: "吃牛肉面 好" })).toEqual(["noodles"]);
    expect(await ids({ search: "แกงเขียว" })).toEqual(["curry"]);
    expect(await ids({ search: "चावल" })).toEqual(["curry"]);
    expect(await ids({ search: "Пожалуйста sis" })).toEqual(["kebab"]);
    expect(await ids({ search: "x".repeat(200) })).toEqual(["none"]);
    for (const typed of [
      '"',
      "'",
      "* *",
      "a AND",
      "NEAR(",
      "col:x",
      "-",
      "a\0b",
      "\ud800",
      "( | & !",
      ":*",
      "\\",
    ])
      await expect(store.count({ search: typed })).resolves.toBeTypeOf("number");
    expect(await store.count({ search: " -- " })).toBe(6);
  });

  test("characters that a database refuses do not lose a capture", async () => {
    store = await fresh();
    const content = contentOf("nul \0 and \ud800 half", "half \udfff");
    await store.write(
      batch({ captures: [capture("odd", { user: "a\0b", content, metadata: { "a\0": "\ud800" } })] }),
    );
    const found = await store.find("odd");
    expect(found?.content?.query).toBe("nul \ufffd and \ufffd half");
    expect(found?.content?.answerText).toBe("half \ufffd");
    expect(found?.metadata).toEqual({ "a\0": "\ud800" });
    expect(JSON.parse(found?.content?.request ?? "").messages[0].content).toBe("nul \0 and \ud800 half");
    expect(await ids({ user: "a\0b" })).toEqual(["odd"]);
    await store.addFeedback(feedback("f", "odd", { value: "\0" }));
    expect((await store.delete({ user: "a\0b" })).captures).toBe(1);
  });

  test("a cursor or a limit that is none is the caller's fault", async () => {
    for (const cursor of [
      "",
      "-1",
      "X",
      "1.5",
      "abc",
      "null",
      "p-",
      "p-zzzzzzzzzzz",
      `p-${"z".repeat(100)}`,
      "💥",
    ])
      await expect(store.page({}, { limit: 1, order: "newest", cursor })).rejects.toMatchObject({
        name: "StoreError",
        temporary: false,
        invalid: true,
      });
    for (const limit of [0, 1_001, 1.5])
      await expect(store.page({}, { limit, order: "newest" })).rejects.toMatchObject({ invalid: true });
  });

  test("keeps comparisons", async () => {
    store = await fresh();
    const comparison = { id: "k1", at: 5, route: undefined, variants: ["a", "b"], summary: "{}" };
    const rows = [
      { index: 0, captureId: "c", user: "ada", document: '{"a":1}' },
      { index: 1, captureId: undefined, user: undefined, document: "{}" },
    ];
    await store.saveComparison(comparison, rows);
    await store.saveComparison({ ...comparison, id: "k2", at: 6, route: "recipes" }, []);
    await store.saveComparison(comparison, rows);
    expect(await store.comparison("k1")).toEqual({ comparison, rows });
    expect(await store.comparison("k3")).toBeUndefined();
    expect((await store.comparisons(10)).map(({ id }) => id)).toEqual(["k2", "k1"]);
    expect(await store.comparisons(1)).toHaveLength(1);
  });

  test("deletes a user's captures, with feedback and rows of comparisons", async () => {
    store = await fresh();
    const captures = Array.from({ length: 250 }, (_, i) =>
      capture(`c${i}`, { at: i, user: i % 2 === 0 ? "ada" : "bob" }),
    );
    await store.write(batch({ captures }));
    await store.addFeedback(feedback("f1", "c0"));
    await store.addFeedback(feedback("f2", "c1"));
    await store.saveComparison({ id: "k", at: 1, route: undefined, variants: [], summary: "{}" }, [
      { index: 0, captureId: "c2", user: undefined, document: "{}" },
      { index: 1, captureId: "gone", user: "ada", document: "{}" },
      { index: 2, captureId: "c3", user: "bob", document: "{}" },
    ]);
    expect(await store.delete({ user: "ada" })).toEqual({ captures: 125, feedback: 1, comparisonRows: 2 });
    expect(await store.delete({ user: "ada" })).toEqual({ captures: 0, feedback: 0, comparisonRows: 0 });
    expect(await store.count({})).toBe(125);
    expect(await store.count({ search: "tomato" })).toBe(125);
    expect(await store.delete({ user: "bob", from: 200 })).toMatchObject({ captures: 25, comparisonRows: 0 });
    expect(await store.delete({ id: "c3" })).toEqual({ captures: 1, feedback: 0, comparisonRows: 1 });
    expect(await store.delete({ id: "c1" })).toEqual({ captures: 1, feedback: 1, comparisonRows: 0 });
    expect(await store.feedbackSummary({})).toEqual([]);
  });

  test("old comparisons go before younger captures, and younger ones stay", async () => {
    store = await fresh();
    const captures = Array.from({ length: 100 }, (_, index) => capture(`c${index}`, { at: 5_000 + index }));
    await store.write(batch({ captures }));
    const document = JSON.stringify(Array.from({ length: 2_000 }, (_, index) => murmur3(`${index}`)));
    for (const at of [...Array.from({ length: 150 }, (_, index) => index), 9_000]) {
      const row = { index: 0, captureId: undefined, user: undefined, document };
      await store.saveComparison({ id: `m${at}`, at, route: undefined, variants: [], summary: "{}" }, [row]);
    }
    const { bytes } = await store.size();
    await store.retain({ before: undefined, maxBytes: bytes / 2 });
    expect((await store.size()).captures).toBe(100);
    const left = (await store.comparisons(200)).map(({ at }) => at);
    expect(left[0]).toBe(9_000);
    expect(left.length).toBeGreaterThan(30);
    expect(left.length).toBeLessThan(90);
    await store.retain({ before: 5_000, maxBytes: undefined });
    expect((await store.comparisons(200)).map(({ at }) => at)).toEqual([9_000]);
    await store.retain({ before: undefined, maxBytes: 1 });
    expect([(await store.size()).captures, await store.comparisons(10)]).toEqual([0, []]);
  });

  test("retains what is young and what fits", async () => {
    store = await fresh();
    const captures = Array.from({ length: 2_000 }, (_, at) =>
      capture(`c${at}`, { at, content: contentOf(`word${at} `.repeat(30), "answer ".repeat(100)) }),
    );
    await store.write(batch({ captures }));
    await store.addFeedback(feedback("lonely", "nobody", { at: 10 }));
    await store.saveComparison({ id: "old", at: 10, route: undefined, variants: [], summary: "{}" }, []);
    expect(await store.retain({ before: 250, maxBytes: undefined })).toBe(250);
    expect(await store.comparisons(10)).toEqual([]);
    expect(await store.delete({ id: "nobody" })).toMatchObject({ feedback: 0 });
    expect((await store.size()).oldest).toBe(250);
    const full = await store.size();
    const deleted = await store.retain({ before: undefined, maxBytes: full.bytes / 2 });
    const half = await store.size();
    expect(half.captures).toBe(1_750 - deleted);
    expect(half.oldest).toBe(250 + deleted);
    expect(half.bytes).toBeLessThanOrEqual(full.bytes / 2);
    expect(half.bytes).toBeGreaterThan(full.bytes * 0.4);
    expect(await store.count({ search: "answer" })).toBe(half.captures);
    expect(await store.retain({ before: undefined, maxBytes: full.bytes })).toBe(0);
    await store.retain({ before: undefined, maxBytes: 1 });
    expect((await store.size()).captures).toBe(0);
  });
});
