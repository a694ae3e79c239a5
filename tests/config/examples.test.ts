import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadTable } from "../../src/config/load.ts";
import type { Table } from "../../src/domain/table.ts";
import { shape } from "../../src/gateway/shape.ts";
import { loadFromDisk } from "../../src/load-from-disk.ts";
import { providerKinds } from "../../src/providers/index.ts";
import { decide } from "../../src/routing/decide.ts";
import { chat, signals } from "../domain/requests.ts";

const folder = join(import.meta.dirname, "../../config/examples");
const examples = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
const KEYS = {
  OPENAI_API_KEY: "sk-of-openai",
  AZURE_OPENAI_ENDPOINT: "https://acme.openai.azure.com",
  AZURE_OPENAI_API_KEY: "key-of-azure",
  HF_TOKEN: "hf_token",
};

interface Sent {
  readonly rule: string;
  readonly path: string;
  readonly url: string;
  readonly body: Record<string, unknown>;
}

/** What a table sends upstream for one user message. */
function sentBy(table: Table, route: string, content: string, force?: string): Sent {
  const request = chat({ model: route, messages: [{ role: "user", content }] });
  const { rule, path, variant } = decide(request, table, signals({ force }));
  return { rule, path, url: variant.model.target.url, body: JSON.parse(shape(request, variant).wire) };
}

function loaded(name: string): Table {
  return loadFromDisk(join(folder, name), KEYS);
}

test("the five cases and their sum are there", () => {
  expect(examples.sort()).toEqual(
    ["all", "haiku", "hybrid", "portability", "recipe-assistant", "translation"].map(
      (name) => `${name}.yaml`,
    ),
  );
});

test.each(examples)("%s loads without any key, on the simulator, and with real keys without it", (name) => {
  const offline = loadFromDisk(join(folder, name), {});
  const online = loaded(name);
  expect(offline.routes.size).toBeGreaterThan(0);
  expect(offline.notices.length).toBeGreaterThan(0);
  expect(online.notices).toEqual([]);
  for (const { target } of online.models.values()) {
    expect(target.transport).toBeUndefined();
    expect(target.url).toMatch(/^https:\/\//);
  }
  for (const { price } of online.models.values()) expect(price).toBeDefined();
});

test("translation: two pairs teach a base model, at temperature 0.2", () => {
  const { path, url, body } = sentBy(loaded("translation.yaml"), "translate", "The sun is shining");
  expect([path, url]).toEqual(["enriched", "https://api.openai.com/v1/chat/completions"]);
  expect(body["temperature"]).toBe(0.2);
  expect(body["messages"]).toMatchObject([
    { role: "system", content: expect.stringContaining("Spanish") },
    { role: "user" },
    { role: "assistant" },
    { role: "user" },
    { role: "assistant" },
    { role: "user", content: "The sun is shining" },
  ]);
});

test("recipe assistant: the bare query goes to the pinned Azure deployment, at temperature 0.7", () => {
  const { path, url, body } = sentBy(loaded("recipe-assistant.yaml"), "recipes", "Quick tomato soup");
  expect(path).toBe("bare");
  expect(url).toBe(
    "https://acme.openai.azure.com/openai/deployments/gpt-35-turbo-finetuned/chat/completions?api-version=2024-10-21",
  );
  expect(body).toMatchObject({
    temperature: 0.7,
    messages: [{ role: "user", content: "Quick tomato soup" }],
  });
});

test("haiku: the same query to a base model and to an `ft:` model", () => {
  const table = loaded("haiku.yaml");
  const prompted = sentBy(table, "haiku", "The first snow", "haiku-prompted");
  const tuned = sentBy(table, "haiku", "The first snow", "haiku-tuned");
  expect([prompted.path, tuned.path]).toEqual(["enriched", "bare"]);
  expect(prompted.body["model"]).toBe("gpt-4.1-mini");
  expect(tuned.body["model"]).toMatch(/^ft:/);
  expect(tuned.body["messages"]).toEqual([{ role: "user", content: "The first snow" }]);
  expect(prompted.body["messages"]).toHaveLength(4);
});

test("hybrid: a fine-tuned model gets a short system message for edge cases alone", () => {
  const table = loaded("hybrid.yaml");
  const usual = sentBy(table, "support", "Where do I change my password?");
  const edge = sentBy(table, "support", "My lawyer will write to you");
  expect([usual.rule, usual.path, edge.rule, edge.path]).toEqual(["usual", "bare", "edge-case", "enriched"]);
  expect(usual.body["messages"]).toHaveLength(1);
  expect(edge.body["messages"]).toMatchObject([{ role: "system" }, { role: "user" }]);
  expect(edge.body["model"]).toBe(usual.body["model"]);
});

test.each([
  ["on-openai", "https://api.openai.com/v1/chat/completions", "gpt-4.1-mini"],
  [
    "on-azure",
    "https://acme.openai.azure.com/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21",
    "gpt-4o-mini",
  ],
  ["on-huggingface", "https://router.huggingface.co/v1/chat/completions", "meta-llama/Llama-3.1-8B-Instruct"],
])("portability: one line moves the prompt to %s", (model, url, upstreamModel) => {
  const before = readFileSync(join(folder, "portability.yaml"), "utf8");
  const after = before.replace(/^( +model: )on-openai( # <-)/m, `$1${model}$2`);
  const changed = after.split("\n").filter((line, index) => line !== before.split("\n")[index]);
  expect(changed).toHaveLength(model === "on-openai" ? 0 : 1);
  const table = loadTable({
    file: "portability.yaml",
    files: { read: () => after, list: () => [] },
    env: KEYS,
    kinds: providerKinds,
  });
  const { url: sentTo, body } = sentBy(table, "summarise", "A long text.");
  expect([sentTo, body["model"]]).toEqual([url, upstreamModel]);
  expect(body["messages"]).toEqual([
    { role: "system", content: "Summarise the user's text in one plain sentence." },
    { role: "user", content: "A long text." },
  ]);
});
