import { describe, expect, test } from "vitest";
import { shownProblems, small, tableOf } from "./tables.ts";

const TEXT = `
providers:
  up: { kind: openai-compatible, baseURL: "http://127.0.0.1:1/v1", apiKey: sk-other-secret-1 }
  openai: { kind: openai, apiKey: sk-secret-1, organization: org-1, baseURL: "http://127.0.0.1:1/v1/" }
  azure:
    kind: azure-openai
    endpoint: https://acme.openai.azure.com/openai/v1/
    entraToken: entra-secret-1
    management: { subscription: sub-1, resourceGroup: group-1, token: management-secret-1 }
  hf: { kind: huggingface, apiKey: hf_secret_1 }
models:
  base: { provider: up, model: m }
variants:
  one: { model: base }
routes: { ask: { default: one } }
tuning:
  provider: openai
  replaceLive: true
  pollSeconds: 0.02
  deadlineHours: 0.5
  evaluationRows: 50
  datasets: [sets, /data/sets]
`;

test("the section's keys, in milliseconds", () => {
  expect(tableOf(TEXT).tuning).toEqual({
    provider: "openai",
    replaceLive: true,
    pollMs: 20,
    deadlineMs: 1_800_000,
    evaluationRows: 50,
    datasets: ["sets", "/data/sets"],
  });
});

test("without the section no provider is chosen, and nothing live is replaced", () => {
  expect(tableOf(small()).tuning).toEqual({
    provider: undefined,
    replaceLive: false,
    pollMs: 10_000,
    deadlineMs: 72 * 3_600_000,
    evaluationRows: 200,
  });
});

test.each([
  [
    "provider: openai",
    "provider: openia",
    "17 tuning.provider: there is no provider `openia` (defined: up, openai, azure, hf)",
  ],
  [
    "provider: openai",
    "provider: up",
    "17 tuning.provider: up is of the kind openai-compatible, where no models are trained",
  ],
  ["pollSeconds: 0.02", "pollSeconds: 0", "19 tuning.pollSeconds: "],
  ["deadlineHours: 0.5", "deadlineHours: 0", "20 tuning.deadlineHours: "],
  ["evaluationRows: 50", "evaluationRows: 10001", "21 tuning.evaluationRows: "],
  ["evaluationRows: 50", "evaluateRows: 50", "21 tuning.evaluateRows: unknown key"],
])("%s as %s is a problem with its line and key", (from, to, problem) => {
  expect(shownProblems(TEXT.replace(`  ${from}\n`, `  ${to}\n`)).join("\n")).toContain(problem);
});

describe("providers", () => {
  const { providers, redaction } = tableOf(TEXT);

  test("are known with or without models", () => {
    expect([...providers.values()].map(({ name, kind, simulated }) => [name, kind, simulated])).toEqual([
      ["up", "openai-compatible", false],
      ["openai", "openai", false],
      ["azure", "azure-openai", false],
      ["hf", "huggingface", false],
    ]);
  });

  test("of some kinds train models", () => {
    expect(providers.get("up")?.tuning).toBeUndefined();
    expect(providers.get("openai")?.tuning).toEqual({
      api: "openai",
      baseURL: "http://127.0.0.1:1/v1",
      apiKey: "sk-secret-1",
      organization: "org-1",
      project: undefined,
      fetch: undefined,
    });
    expect(providers.get("azure")?.tuning).toMatchObject({
      api: "azure",
      endpoint: "https://acme.openai.azure.com",
      management: { account: "acme" },
    });
    expect(providers.get("hf")?.tuning).toMatchObject({ api: "huggingface", token: "hf_secret_1" });
  });

  test("have secrets, which stay out of the log and of what is stored", () => {
    expect([...providers.values()].map(({ secrets }) => secrets)).toEqual([
      ["sk-other-secret-1"],
      ["sk-secret-1"],
      ["entra-secret-1", "management-secret-1"],
      ["hf_secret_1"],
    ]);
    for (const { secrets } of providers.values()) {
      for (const secret of secrets) {
        expect(redaction.secrets.redact(`it is ${secret}.`)).not.toContain(secret);
        expect(redaction.stored.redact(`it is ${secret}.`)).not.toContain(secret);
      }
    }
  });

  test("without a key are simulated where that is allowed", () => {
    const text = TEXT.replace("apiKey: sk-secret-1,", 'apiKey: "", withoutKey: simulator,');
    const table = tableOf(text.replace("  provider: openai\n", ""));
    expect(table.providers.get("openai")).toMatchObject({ kind: "openai", simulated: true, secrets: [] });
    expect(table.providers.get("openai")?.tuning?.api).not.toBe("huggingface");
    expect(table.notices).toContain(
      "provider openai has no key: the built-in simulator answers in its place",
    );
  });
});
