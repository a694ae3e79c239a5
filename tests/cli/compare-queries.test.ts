import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { capturedQueries, queriesIn, type Sample } from "../../src/cli/compare-queries.ts";
import { messageText } from "../../src/comparison/message.ts";
import type { Capture } from "../../src/domain/capture.ts";
import { openStore } from "../../src/store/open.ts";
import { small, tableOf } from "../config/tables.ts";
import { contentOf } from "../store/samples.ts";
import { captured } from "../support/captured.ts";
import { temporaryFiles } from "./command.ts";

const reading = { table: tableOf(small()), route: undefined };

async function storeWith(captures: readonly Capture[]) {
  const folder = mkdtempSync(join(tmpdir(), "crossover-"));
  const store = await openStore(`file:${join(folder, "crossover.db")}`);
  onTestFinished(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  await store.write({ captures, recipes: [], usage: [] });
  return store;
}

const sample: Sample = { filter: {}, limit: 100, seed: 1, reference: false };

describe("captured queries", () => {
  const twenty = Array.from({ length: 20 }, (_, index) =>
    captured({ content: contentOf(`Query ${index}?`, `Answer ${index}.`) }),
  );

  test("the same seed gives the same ones, another one others, each in the order of time", async () => {
    const store = await storeWith(twenty);
    const take = async (seed: number, limit = 5): Promise<readonly number[]> => {
      const { queries } = await capturedQueries(store, { ...sample, seed, limit }, reading);
      return queries.map(({ captureId }) => twenty.findIndex(({ id }) => id === captureId));
    };
    const five = await take(1);
    expect(new Set(five).size).toBe(5);
    expect(five).toEqual(five.toSorted((a, b) => a - b));
    expect(await take(1)).toEqual(five);
    expect(await take(2)).not.toEqual(five);
    expect(await take(1, 100)).toEqual(twenty.map((_, index) => index));
  });

  test("only those that were answered, with their texts, as far as they match", async () => {
    const store = await storeWith([
      captured({ content: contentOf("Good?", "Yes.") }),
      captured({ content: contentOf("Failed?", ""), outcome: "server_error", status: 502 }),
      captured({ content: undefined }),
      captured({ content: contentOf("Elsewhere?", "Yes."), route: "elsewhere" }),
    ]);
    const { queries, skipped } = await capturedQueries(
      store,
      { ...sample, filter: { route: "recipes" } },
      reading,
    );
    expect(queries.map(({ request }) => messageText(request.messages.at(-1)))).toEqual(["Good?"]);
    expect(skipped).toBe(0);
  });

  test("what is not whole is left out and counted", async () => {
    const cut = { ...contentOf("Cut?", "Yes."), request: '{"model":"recipes","messages":[{"ro' };
    const store = await storeWith([captured({ content: cut }), captured()]);
    const { queries, skipped } = await capturedQueries(store, sample, reading);
    expect([queries.length, skipped]).toEqual([1, 1]);
  });

  test("the captured answer is what is expected, where that is wanted", async () => {
    const store = await storeWith([captured({ content: contentOf("Q?", "A.") })]);
    const expected = async (reference: boolean): Promise<unknown> =>
      (await capturedQueries(store, { ...sample, reference }, reading)).queries[0]?.expected;
    expect(await expected(true)).toEqual({ role: "assistant", content: "A." });
    expect(await expected(false)).toBeUndefined();
  });
});

describe("a file of queries", () => {
  const read = (text: string) => queriesIn(temporaryFiles({ "in.jsonl": text })("in.jsonl"), reading);

  test("chat requests, with all their members but those of streams", () => {
    const [query, ...more] = read(
      '\uFEFF{"model":"gpt","stream":true,"stream_options":{},"top_p":0.5,"messages":[{"role":"user","content":"a"}]}\r\n\n',
    );
    expect(more).toEqual([]);
    expect(query?.request.body).toEqual({
      model: "none",
      top_p: 0.5,
      messages: [{ role: "user", content: "a" }],
    });
    expect(query?.expected).toBeUndefined();
  });

  test("examples for fine-tuning: the last answer is expected, and weights go", () => {
    const [query] = read(
      JSON.stringify({
        messages: [
          { role: "user", content: "a" },
          { role: "assistant", content: "b", weight: 0 },
          { role: "user", content: "c" },
          { role: "assistant", content: "d", weight: 1 },
        ],
      }),
    );
    expect(query?.request.body["messages"]).toEqual([
      { role: "user", content: "a" },
      { role: "assistant", content: "b" },
      { role: "user", content: "c" },
    ]);
    expect(messageText(query?.expected)).toBe("d");
  });

  test.each([
    [
      '{"messages":[{"role":"user","content":"a"}]}\n{"messages":[]}',
      "line 2 of .*: `messages` is not valid",
    ],
    ["[]", "line 1 of .* is no JSON object"],
    ["\n\n{", "line 3 of .* is no JSON object"],
    ['{"messages":[{"role":"assistant","content":"a"}]}', "line 1 of .*: `messages` is not valid"],
  ])("a line that is no request is named: %j", (text, problem) => {
    expect(() => read(text)).toThrow(new RegExp(problem));
  });
});
