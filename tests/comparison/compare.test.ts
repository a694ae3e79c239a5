import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Tools } from "../../src/comparison/answered.ts";
import { Comparison } from "../../src/comparison/compare.ts";
import { summaryOf } from "../../src/comparison/summary.ts";
import type { Variant } from "../../src/domain/table.ts";
import { answer, answered, asked, failure, query, variantNamed } from "./variants.ts";

const variants = [variantNamed("prompted"), variantNamed("tuned")];
const never = new AbortController().signal;

function comparing(tools: Partial<Tools>, compared: readonly Variant[] = variants): Comparison {
  return new Comparison({
    variants: compared,
    concurrency: 3,
    tools: {
      ask: async (request, variant) => answered(variant, answer(`${variant.name}: ${asked(request)}`)),
      embed: undefined,
      judge: undefined,
      redact: (text) => text,
      ...tools,
    },
  });
}

describe("a comparison", () => {
  test("asks each variant, and compares the others with the first", async () => {
    const row = await comparing({}).one(query("Why?"), never);
    expect(row).toMatchObject({ query: "Why?", expected: null, capture_id: null });
    expect(row.results.map(({ variant, message }) => [variant, message?.["content"]])).toEqual([
      ["prompted", "prompted: Why?"],
      ["tuned", "tuned: Why?"],
    ]);
    expect(row.agreement.map(({ variant, against }) => [variant, against])).toEqual([["tuned", "prompted"]]);
  });

  test("compares all with what was expected, the first too", async () => {
    const row = await comparing({}).one(query("Why?", { content: "tuned: Why?" }), never);
    expect(row.expected).toBe("tuned: Why?");
    expect(row.agreement.map(({ variant, against, exact }) => [variant, against, exact])).toEqual([
      ["tuned", "prompted", false],
      ["prompted", null, false],
      ["tuned", null, true],
    ]);
  });

  test("a variant that fails has an error and no agreement, and ends nothing", async () => {
    const row = await comparing({
      ask: async (_request, variant) =>
        answered(variant, variant.name === "tuned" ? failure(503) : answer("ok"), { usage: undefined }),
    }).one(query("Why?", { content: "ok" }), never);
    expect(row.results.map(({ error }) => error?.status)).toEqual([undefined, 503]);
    expect(row.agreement.map(({ variant, against }) => [variant, against])).toEqual([["prompted", null]]);
  });

  test("the rows of a set stand in the order of its queries, however long each takes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 12 }), async (waits) => {
        const ask: Tools["ask"] = async (request, variant) => {
          for (let tick = 0; tick < Number(asked(request).split("/")[1]); tick++) await Promise.resolve();
          return answered(variant, answer(asked(request)));
        };
        const queries = waits.map((wait, index) => query(`${index}/${wait}`));
        const seen: number[] = [];
        const rows = await comparing({ ask }).set(queries, never, (_row, index) => seen.push(index));
        expect(rows.map((row) => row.query)).toEqual(waits.map((wait, index) => `${index}/${wait}`));
        expect(seen.toSorted((a, b) => a - b)).toEqual(waits.map((_, index) => index));
      }),
      { numRuns: 20 },
    );
  });

  test("no more calls than so many at a time, the judge's among them", async () => {
    let running = 0;
    let most = 0;
    const ask: Tools["ask"] = async (_request, variant) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
      return answered(variant, answer('{"better":"tie"}'));
    };
    const judge = { variant: variantNamed("tuned"), rubric: "r" };
    const rows = await comparing({ ask, judge }).set(
      ["a", "b", "c", "d"].map((text) => query(text)),
      never,
      () => {},
    );
    expect(rows.map(({ agreement }) => agreement[0]?.judge?.outcome)).toEqual(["tie", "tie", "tie", "tie"]);
    expect(most).toBe(3);
  });

  test("an abort ends it, and begins no further call", async () => {
    const controller = new AbortController();
    let calls = 0;
    const ask: Tools["ask"] = async (_request, _variant, signal) => {
      if (++calls === 2) controller.abort(new Error("enough"));
      await Promise.resolve();
      signal.throwIfAborted();
      throw new Error("not aborted");
    };
    const queries = ["a", "b", "c", "d", "e", "f", "g"].map((text) => query(text));
    await expect(comparing({ ask }).set(queries, controller.signal, () => {})).rejects.toThrow("enough");
    expect(calls).toBeLessThan(7);
  });

  test("embeddings come in one call for a query, of each text once, without secrets", async () => {
    const got: (readonly string[])[] = [];
    const row = await comparing({
      redact: (text) => text.replaceAll("secret", "[redacted]"),
      embed: async (texts) => {
        got.push(texts);
        return texts.map((_, index) => [1, index]);
      },
    }).one(query("a secret", { content: "prompted: a secret" }), never);
    expect(got).toEqual([["tuned: a [redacted]", "prompted: a [redacted]"]]);
    // Of (1, 0) and (1, 1): 1 / √2
    expect(row.agreement[0]?.embedding_similarity).toBeCloseTo(Math.SQRT1_2, 12);
    expect(row.agreement[1]?.embedding_similarity).toBe(1);
  });

  test("without embeddings the rest is told", async () => {
    const row = await comparing({ embed: async () => undefined }).one(query("Why?"), never);
    expect(row.agreement[0]).toMatchObject({ embedding_similarity: null, exact: false });
  });

  test("the JSON that was asked for is checked in each answer", async () => {
    const ask: Tools["ask"] = async (_request, variant) =>
      answered(variant, answer(variant.name === "tuned" ? '{"a":1}' : "a is 1"));
    const { request, ...rest } = query("JSON!");
    const wanted = { ...request, body: { ...request.body, response_format: { type: "json_object" } } };
    const row = await comparing({ ask }).one({ ...rest, request: wanted }, never);
    expect(row.results.map(({ schema_valid }) => schema_valid)).toEqual([false, true]);
  });
});

describe("the summary of a set", () => {
  test("by hand: totals, shares, differences", async () => {
    const costs = new Map([
      ["prompted", [0.004, 0.006]],
      ["tuned", [0.001, 0.002]],
    ]);
    const ask: Tools["ask"] = async (request, variant) => {
      const index = Number(asked(request));
      return answered(variant, answer(index === 0 ? "same" : variant.name), {
        costUsd: costs.get(variant.name)?.[index],
        latencyMs: 100 * (index + 1),
        addedTokens: variant.name === "prompted" ? 40 : 0,
      });
    };
    const rows = await comparing({ ask }).set([query("0"), query("1")], never, () => {});
    const { queries, variants: each, pairs } = summaryOf(rows);
    expect(queries).toBe(2);
    expect(each[0]).toMatchObject({
      variant: "prompted",
      answered: 2,
      errors: 0,
      input_tokens: { n: 2, total: 20, mean: 10 },
      added_tokens: { n: 2, total: 80, mean: 40 },
      latency_ms: { n: 2, p50: 150, p95: 195 },
    });
    expect(each[0]?.cost_usd?.total).toBeCloseTo(0.01, 12);
    const [pair] = pairs;
    expect(pair).toMatchObject({ variant: "tuned", against: "prompted", n: 2 });
    // One of two: (1/2 + z²/4 ± z √(1/8 + z²/16)) / (1 + z²/2) with z = 1.96
    expect(pair?.exact?.share).toBe(0.5);
    expect(pair?.exact?.low).toBeCloseTo(0.0945, 3);
    expect(pair?.exact?.high).toBeCloseTo(0.9055, 3);
    // Differences -0.003 and -0.004: mean -0.0035, s = 0.0005 √2, t(1) = 12.7062: ± 0.00635
    expect(pair?.difference?.cost_usd?.mean).toBeCloseTo(-0.0035, 12);
    expect(pair?.difference?.cost_usd?.low).toBeCloseTo(-0.0035 - 0.0063531, 6);
    expect(pair?.difference?.latency_ms?.mean).toBe(0);
  });

  test("wins, ties and losses are all that were read; the rest is counted apart", async () => {
    const kinds = ["first", "second", "tie", "?", "!"] as const;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 12 }), async (says) => {
        const judge = { variant: { ...variantNamed("tuned"), name: "judge" }, rubric: "r" };
        let next = 0;
        const ask: Tools["ask"] = async (_request, variant) => {
          if (variant.name !== "judge") return answered(variant, answer("x"));
          const better = says[Math.floor(next++ / 2)] ?? "tie";
          return answered(variant, better === "!" ? failure() : answer(JSON.stringify({ better })));
        };
        const serial = new Comparison({
          variants,
          concurrency: 1,
          tools: { ask, embed: undefined, judge, redact: (text) => text },
        });
        const rows = await serial.set(
          says.map((text) => query(text)),
          never,
          () => {},
        );
        const found = summaryOf(rows).pairs[0]?.judge;
        const count = (share: { readonly count: number } | null | undefined): number => share?.count ?? 0;
        const read = count(found?.win) + count(found?.tie) + count(found?.loss);
        expect(found?.win?.n ?? 0).toBe(read);
        expect(read + (found?.unreadable ?? 0) + (found?.failed ?? 0)).toBe(says.length);
        expect(found?.failed).toBe(says.filter((said) => said === "!").length);
        expect(found?.unreadable).toBe(says.filter((said) => said === "?").length);
        expect(count(found?.orders_disagree)).toBe(
          says.filter((said) => said === "first" || said === "second").length,
        );
      }),
      { numRuns: 40 },
    );
  });

  test("of no rows", () => {
    expect(summaryOf([])).toEqual({ queries: 0, variants: [], pairs: [] });
  });
});
