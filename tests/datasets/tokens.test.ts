import { expect, test } from "vitest";
import { exampleTokens, tokenizerFor } from "../../src/datasets/tokens.ts";
import { bytesOf, check } from "./files.ts";

/** The example of OpenAI's cookbook, "How to count tokens with tiktoken", with what the API itself counted. */
const JARGON = [
  {
    role: "system",
    content:
      "You are a helpful, pattern-following assistant that translates corporate jargon into plain English.",
  },
  { role: "system", name: "example_user", content: "New synergies will help drive top-line growth." },
  {
    role: "system",
    name: "example_assistant",
    content: "Things working well together will increase revenue.",
  },
  {
    role: "system",
    name: "example_user",
    content:
      "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage.",
  },
  {
    role: "system",
    name: "example_assistant",
    content: "Let's talk later when we're less busy about how to do better.",
  },
  {
    role: "user",
    content: "This late pivot means we don't have time to boil the ocean for the client deliverable.",
  },
];

const WEATHER = [
  { role: "system", content: "You are a helpful assistant that can answer to questions about the weather." },
  { role: "user", content: "What's the weather like in San Francisco?" },
];
const WEATHER_TOOLS = [
  {
    type: "function",
    function: {
      name: "get_current_weather",
      description: "Get the current weather in a given location",
      parameters: {
        type: "object",
        properties: {
          location: { type: "string", description: "The city and state, e.g. San Francisco, CA" },
          unit: {
            type: "string",
            description: "The unit of temperature to return",
            enum: ["celsius", "fahrenheit"],
          },
        },
        required: ["location"],
      },
    },
  },
];

test.each([
  ["gpt-3.5-turbo", "cl100k_base", 129, 105],
  ["gpt-4", "cl100k_base", 129, 105],
  ["gpt-4o", "o200k_base", 124, 101],
  ["gpt-4o-mini", "o200k_base", 124, 101],
])("%s counts as OpenAI's cookbook says that the API did", async (model, encoding, jargon, weather) => {
  const tokenizer = await tokenizerFor(model);
  expect(tokenizer.encoding).toBe(encoding);
  expect(exampleTokens(JARGON, {}, tokenizer)).toEqual({ total: jargon, answers: 0, exact: true });
  expect(exampleTokens(WEATHER, { tools: WEATHER_TOOLS }, tokenizer)).toEqual({
    total: weather,
    answers: 0,
    exact: false,
  });
});

test("the cookbook's toy set has the tokens that the cookbook prints", async () => {
  const report = await check(bytesOf("finetune/cookbook_toy_chat_fine_tuning.jsonl"), {
    model: "gpt-3.5-turbo",
  });
  // min 26, median 45, mean 1648.4 and max 8032 there; the fixture's long row is rebuilt, and 8000.
  const [first, second, third, fourth] = report.tokens;
  expect([first, second, third, fourth]).toEqual([45, 111, 26, 28]);
  expect(45 + 111 + 26 + 28 + 8032).toBe(1648.4 * 5);
});

test.each([
  ["gpt-4.1-mini", "o200k_base", true],
  ["gpt-4.1-2025-04-14", "o200k_base", true],
  ["gpt-5-mini", "o200k_base", true],
  ["o4-mini", "o200k_base", true],
  ["ft:gpt-4o-mini-2024-07-18:acme::abc", "o200k_base", true],
  ["ft:gpt-3.5-turbo-0125:acme::abc", "cl100k_base", true],
  ["gpt-35-turbo", "cl100k_base", true],
  ["gpt-4-turbo", "cl100k_base", true],
  ["Qwen/Qwen3-8B", "o200k_base", false],
])("%s is counted with %s", async (model, encoding, known) => {
  expect(await tokenizerFor(model)).toMatchObject({ encoding, known });
});

test("special tokens in a text are text", async () => {
  const { count } = await tokenizerFor("gpt-4o");
  expect(count("<|endoftext|>")).toBeGreaterThan(3);
});

test("a text in one piece without an end is counted about right, and does not take for ever", async () => {
  const { count } = await tokenizerFor("gpt-4o");
  // In one piece it would take longer than a test may.
  expect(count("a".repeat(120_000))).toBe(300 * count("a".repeat(400)));
  expect(count(`x ${" ".repeat(1000)} y`)).toBeLessThan(30);
});

test("parts, images, calls and arguments as objects count; what is no text makes it an estimate", async () => {
  const tokenizer = await tokenizerFor("gpt-4o");
  const of = (message: unknown) => exampleTokens([message], {}, tokenizer);
  const text = of({ role: "user", content: "What is this?" });
  const parts = [{ type: "text", text: "What is this?" }];
  expect(of({ role: "user", content: parts })).toEqual(text);
  const image = { type: "image_url", image_url: { url: "https://images.example/1.png" } };
  expect(of({ role: "user", content: [...parts, image] })).toEqual({
    ...text,
    total: text.total + 765,
    exact: false,
  });
  const call = (given: unknown) =>
    of({ role: "assistant", tool_calls: [{ function: { name: "now", arguments: given } }] });
  expect(call({ zone: "UTC" })).toEqual(call('{"zone":"UTC"}'));
  expect(call("{}").answers).toBeGreaterThan(3);
  expect(of({ role: "assistant", content: null }).answers).toBe(0);
});
