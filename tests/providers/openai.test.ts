import OpenAI from "openai";
import { expect, test } from "vitest";
import { openai } from "../../src/providers/openai.ts";

const MODEL = { name: "base", model: "gpt-4.1-mini" };

test("the address and the headers are OpenAI's", () => {
  expect(openai.connect({ kind: "openai", apiKey: "sk-1" }, MODEL, { dataDir: "data" })).toEqual({
    url: "https://api.openai.com/v1/chat/completions",
    embeddingsUrl: "https://api.openai.com/v1/embeddings",
    headers: { authorization: "Bearer sk-1" },
    model: "gpt-4.1-mini",
    streamUsage: true,
    metadata: "if-stored",
    secrets: ["sk-1"],
  });
});

test("metadata goes to OpenAI only to be stored, to others always, and as the settings say", () => {
  const metadata = (more: Readonly<Record<string, unknown>>) =>
    openai.connect({ kind: "openai", apiKey: "sk-1", ...more }, MODEL, { dataDir: "data" }).metadata;
  expect(metadata({ baseURL: "https://api.openai.com/v1/" })).toBe("if-stored");
  expect(metadata({ baseURL: "https://eu.api.openai.com/v1" })).toBe("if-stored");
  expect(metadata({ baseURL: "https://api.openai.com.example/v1" })).toBe("forward");
  expect(metadata({ baseURL: "http://127.0.0.1:9/v1" })).toBe("forward");
  expect(metadata({ metadata: "forward" })).toBe("forward");
  expect(metadata({ baseURL: "http://127.0.0.1:9/v1", metadata: "if-stored" })).toBe("if-stored");
});

test("they are those that the official SDK sends", async () => {
  const sent: Request[] = [];
  const client = new OpenAI({
    apiKey: "sk-1",
    organization: "org-1",
    project: "proj_1",
    maxRetries: 0,
    fetch: async (input, init) => {
      sent.push(new Request(input, init));
      return Response.json({ choices: [] });
    },
  });
  await client.chat.completions.create({ model: "m", messages: [] });
  const target = openai.connect(
    { kind: "openai", apiKey: "sk-1", organization: "org-1", project: "proj_1" },
    MODEL,
    { dataDir: "data" },
  );
  expect(target.url).toBe(sent[0]?.url);
  expect(Object.keys(target.headers)).toHaveLength(3);
  for (const [name, value] of Object.entries(target.headers)) expect(sent[0]?.headers.get(name)).toBe(value);
});

test("another address, with or without a slash at its end", () => {
  for (const baseURL of ["https://proxy.example.com/v1", "https://proxy.example.com/v1//"]) {
    const { url } = openai.connect({ kind: "openai", apiKey: "sk-1", baseURL }, MODEL, { dataDir: "data" });
    expect(url).toBe("https://proxy.example.com/v1/chat/completions");
  }
});

test("a fine-tuned model goes by its id", () => {
  const { model } = openai.connect(
    { kind: "openai", apiKey: "k" },
    { name: "ft", model: "ft:gpt-4.1-mini:acme::1" },
    { dataDir: "data" },
  );
  expect(model).toBe("ft:gpt-4.1-mini:acme::1");
});

test("an empty key is refused, and is what lets the simulator stand in", () => {
  expect(() => openai.connect({ kind: "openai", apiKey: "" }, MODEL, { dataDir: "data" })).toThrow(
    expect.objectContaining({ key: "apiKey", message: expect.stringContaining("the key is empty") }),
  );
  expect(openai.lacksKey({ kind: "openai", apiKey: "" })).toBe(true);
  expect(openai.lacksKey({ kind: "openai", apiKey: "sk-1" })).toBe(false);
});

test.each([
  {},
  { apiKey: 1 },
  { apiKey: "k", baseURL: "ftp://x" },
  { apiKey: "k", baseURL: "x" },
  { apiKey: "k", more: 1 },
])("settings that do not fit are refused: %j", (settings) => {
  expect(openai.settings.safeParse({ kind: "openai", ...settings }).success).toBe(false);
});
