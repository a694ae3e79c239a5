import { expect, test } from "vitest";
import { shownProblems, small, tableOf } from "./tables.ts";

const TEXT = `
providers:
  up: { kind: openai-compatible, baseURL: "http://127.0.0.1:1/v1" }
  hf: { kind: huggingface, apiKey: hf_1 }
models:
  base: { provider: up, model: m }
  routed: { provider: hf, model: BAAI/bge-small-en }
  dedicated: { provider: hf, model: "https://abc.endpoints.huggingface.cloud" }
variants:
  one: { model: base }
routes: { ask: { default: one } }
compare:
  embedding: base
  judge: { variant: one, rubric: Short and right. }
  concurrency: 8
`;

test("the embedding model, the judge and how many calls at a time", () => {
  const { compare, variants, models } = tableOf(TEXT);
  expect(compare).toEqual({
    embedding: models.get("base"),
    judge: { variant: variants.get("one"), rubric: "Short and right." },
    concurrency: 8,
  });
  expect(compare.embedding?.endpoints.embeddings?.url).toBe("http://127.0.0.1:1/v1/embeddings");
});

test("without the section nothing is embedded or judged, four calls at a time", () => {
  expect(tableOf(small()).compare).toEqual({ embedding: undefined, judge: undefined, concurrency: 4 });
});

test("a dedicated endpoint of Hugging Face makes embeddings", () => {
  const { compare } = tableOf(TEXT.replace("embedding: base", "embedding: dedicated"));
  expect(compare.embedding?.endpoints.embeddings?.url).toBe(
    "https://abc.endpoints.huggingface.cloud/v1/embeddings",
  );
});

test.each([
  [
    "embedding: base",
    "embedding: bass",
    "13 compare.embedding: there is no model `bass` (defined: base, routed, dedicated)",
  ],
  [
    "embedding: base",
    "embedding: routed",
    "13 compare.embedding: its provider has no address for embeddings. Give a dedicated endpoint's address as the `model`",
  ],
  ["variant: one,", "variant: two,", "14 compare.judge.variant: there is no variant `two` (defined: one)"],
  ["rubric:", "rubrik:", "14 compare.judge.rubrik: unknown key `rubrik`"],
  ["concurrency: 8", "concurrency: 0", "15 compare.concurrency: "],
])("%s as %s is a problem with its line and key", (from, to, problem) => {
  expect(shownProblems(TEXT.replace(from, to)).join("\n")).toContain(problem);
});
