import { expect, test } from "vitest";
import { shownProblems, tableOf } from "./tables.ts";

const PROVIDERS = `providers:
  openai: { kind: openai, apiKey: sk-1 }
  proxy: { kind: openai, apiKey: sk-2, baseURL: "http://127.0.0.1:1/v1" }
  standin: { kind: openai, apiKey: "", withoutKey: simulator }
  sim: { kind: simulator }
  azure: { kind: azure-openai, endpoint: "https://acme.openai.azure.com", apiKey: k }
  azureSim: { kind: azure-openai, endpoint: "https://acme.openai.azure.com", apiKey: "", withoutKey: simulator }
  hf: { kind: huggingface, apiKey: hf_1 }
  vllm: { kind: openai-compatible, baseURL: "http://127.0.0.1:1/v1" }
models:
`;
const FT = "ft:gpt-4.1-mini-2025-04-14:acme:recipes:abc123";

test.each(["openai", "proxy", "standin", "sim", "vllm"])("an `ft:` model may be at %s", (provider) => {
  const table = tableOf(`${PROVIDERS}  tuned: { provider: ${provider}, model: "${FT}" }\n`);
  expect(table.models.get("tuned")).toMatchObject({ upstreamModel: FT, fineTuned: true });
});

test.each([
  ["azure", "azure-openai"],
  ["azureSim", "azure-openai"],
  ["hf", "huggingface"],
])("an `ft:` model can't be at %s", (provider, kind) => {
  const text = `${PROVIDERS}  tuned:\n    provider: ${provider}\n    model: "${FT}"\n`;
  expect(shownProblems(text)).toEqual([
    `crossover.yaml:13 models.tuned.model: an \`ft:\` model was fine-tuned at OpenAI and exists there only, but ${provider} is of the kind ${kind}. Name a provider of the kind openai, or openai-compatible for a proxy of it, or fine-tune at ${provider} and name what comes out`,
  ]);
});

test.each(["standin", "sim", "azureSim"])("what the simulator made may be at %s", (provider) => {
  const tuned = `  tuned: { provider: ${provider}, model: "${FT}", simulated: true }\n`;
  expect(tableOf(PROVIDERS + tuned).models.get("tuned")?.simulated).toBe(true);
});

test.each(["openai", "proxy", "azure", "hf", "vllm"])("what the simulator made is not at %s", (provider) => {
  const tuned = `  tuned: { provider: ${provider}, model: "${FT}", simulated: true }\n`;
  expect(shownProblems(PROVIDERS + tuned)).toEqual([
    `crossover.yaml:11 models.tuned.simulated: made by the simulator: train it again. ${provider} is not simulated, and has no such model`,
  ]);
  expect(shownProblems(PROVIDERS + tuned.replace(FT, "acme/m").replace("true", "false"))).toEqual([]);
});

test("one `ft:` model can't be at two providers, but as often as wanted at one", () => {
  const own = `  one: { provider: openai, model: "${FT}" }\n  two: { provider: openai, model: "${FT}" }\n`;
  expect(shownProblems(PROVIDERS + own)).toEqual([]);
  expect(shownProblems(`${PROVIDERS}${own}  three: { provider: proxy, model: "${FT}" }\n`)).toEqual([
    "crossover.yaml:13 models.three.model: this fine-tuned model is at openai, as one says, and can't be at proxy too: it exists where it was trained only. Name openai here, or fine-tune at proxy and name what comes out",
  ]);
});

test("what one job trained can't be at two providers, whatever it is called there", () => {
  const first = "  one: { provider: azure, model: deployment-1, tuningJob: tj_1 }\n";
  const other = "  two: { provider: hf, model: acme/one, tuningJob: tj_1 }\n";
  expect(shownProblems(PROVIDERS + first + other.replace("tj_1", "tj_2"))).toEqual([]);
  expect(shownProblems(PROVIDERS + first + other)).toEqual([
    "crossover.yaml:12 models.two.tuningJob: what this job trained is at azure, as one says, and can't be at hf too: it exists where it was trained only. Name azure here, or fine-tune at hf and name what comes out",
  ]);
});

test("a model that can't be there is no unknown model to its variants", () => {
  const text = `${PROVIDERS}  tuned: { provider: hf, model: "${FT}" }\nvariants: { a: { model: tuned } }\n`;
  expect(shownProblems(text)).toHaveLength(1);
});

test("where a model comes from is kept, and makes it fine-tuned", () => {
  const hash = "0123456789abcdef".repeat(4);
  const from = `baseModel: gpt-4.1-mini, datasetHash: "${hash}", tuningJob: tj_1`;
  const models = `  tuned: { provider: azure, model: deployment-1, ${from} }
  base: { provider: azure, model: gpt-4.1-mini }
  from: { provider: azure, model: deployment-2, baseModel: gpt-4.1-mini }
`;
  const table = tableOf(PROVIDERS + models);
  expect(table.models.get("tuned")).toMatchObject({
    fineTuned: true,
    baseModel: "gpt-4.1-mini",
    datasetHash: hash,
    tuningJob: "tj_1",
  });
  expect(table.models.get("base")).toMatchObject({ fineTuned: false, tuningJob: undefined });
  expect(table.models.get("from")?.fineTuned).toBe(true);
  expect(shownProblems(PROVIDERS + models.replace(hash, "abc"))).toEqual([
    "crossover.yaml:11 models.tuned.datasetHash: 64 hexadecimal digits in lower case",
  ]);
});
