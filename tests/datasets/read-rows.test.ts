import { expect, test } from "vitest";
import { linesOf } from "../../src/datasets/read.ts";
import { readCaptures, readFileRows } from "../../src/datasets/read-rows.ts";
import type { StoredCapture } from "../../src/store/store.ts";
import { captured } from "./captures.ts";
import { rowTexts } from "./files.ts";
import { idsOf, OPTIONS } from "./rows.ts";

/** A store that gives these captures as they are, one a page. */
function storeOf(captures: readonly StoredCapture[]): Parameters<typeof readCaptures>[0] {
  return {
    page: async (_, { cursor = "0" }) => {
      const at = Number(cursor);
      const next = at + 1 < captures.length ? String(at + 1) : undefined;
      return { captures: captures.slice(at, at + 1), next };
    },
    recipe: async (version) => {
      if (version === "gone") return undefined;
      const params = { response_format: '{"type":"json_object"}' };
      const rest = {
        bare: "strip-system",
        upstreamModel: "m",
        streamUsage: false,
        metadata: "forward",
      } as const;
      return { version, prompt: undefined, params, ...rest };
    },
  };
}

test("captures come by time, then by id, however the store's own order is", async () => {
  const ids = ["b", "B", "ä", "a"];
  const captures = [captured({ id: "late", at: 2 }), ...ids.map((id) => captured({ id, at: 1 }))];
  const { rows } = await readCaptures(storeOf(captures), {}, OPTIONS);
  expect(idsOf(rows)).toEqual(["B", "a", "b", "ä", "late"]);
});

test("what a capture's recipe gave the request counts; one that is gone gives nothing", async () => {
  const captures = [captured({ id: "a" }), captured({ id: "b", recipe: "gone" })];
  const { rows } = await readCaptures(storeOf(captures), {}, OPTIONS);
  expect(rows.map(({ responseFormat }) => responseFormat)).toEqual([{ type: "json_object" }, undefined]);
});

test("tools that stand in every row are kept once", async () => {
  const tools = [{ type: "function", function: { name: "boil" } }];
  const query = { messages: [{ role: "user", content: "Eggs?" }], tools };
  const captures = ["a", "b"].map((id) => captured({ id, query }));
  const [a, b] = (await readCaptures(storeOf(captures), {}, OPTIONS)).rows;
  expect(a?.example.tools).toEqual(tools);
  expect(a?.example.tools).toBe(b?.example.tools);
});

test("what can't be read is told with its place", async () => {
  const captures = [captured({ id: "a" }), { ...captured({ id: "b" }), content: undefined }];
  const { report } = await readCaptures(storeOf(captures), {}, OPTIONS);
  expect(report).toMatchObject({ kept: 1, examples: [{ id: "b", reason: "its texts were not kept" }] });

  const [good = ""] = rowTexts("lesson/18-training-data.jsonl");
  const user = '{"messages":[{"role":"user","content":"x"}]}';
  const lines = linesOf(["\uFEFF", good, "", "{", user, '{"prompt":"x","completion":"y"}', good].join("\n"));
  const read = await readFileRows(lines, "keep");
  expect(idsOf(read.rows)).toEqual(["line 2", "line 7"]);
  expect(read.report.examples).toEqual([
    { id: "line 4", reason: "not valid JSON" },
    { id: "line 5", reason: "its last message is not the assistant's" },
    { id: "line 6", reason: expect.stringMatching(/^not a chat example: messages /) },
  ]);
  expect(read.rows[0]?.example.messages[0]?.role).toBe("system");
});

test("a file's system messages go where the variant to be trained gets none", async () => {
  const lines = linesOf(rowTexts("lesson/18-training-data.jsonl").join("\n"));
  const { rows } = await readFileRows(lines, "strip-system");
  expect(rows.map(({ example }) => example.messages.map(({ role }) => role))).toEqual(
    Array(10).fill(["user", "assistant"]),
  );
});
