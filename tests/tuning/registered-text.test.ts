import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { withRegistration } from "../../src/tuning/registered-text.ts";
import type { Registration } from "../../src/tuning/registry.ts";
import { registration } from "./registration.ts";

const add = (text: string, more: Registration = registration()): string =>
  withRegistration(text, more, undefined);

const ENTRIES = {
  models: {
    "recipes-ft": {
      provider: "openai",
      model: "ft:gpt-4.1-mini:acme::1",
      fineTuned: true,
      baseModel: "gpt-4.1-mini",
      datasetHash: "0123456789abcdef".repeat(4),
      tuningJob: "tj_1",
    },
  },
  variants: { "recipes-tuned": { model: "recipes-ft", fallback: ["prompted"] } },
};

test("an empty file gets a heading that says what it is", () => {
  const text = add("");
  expect(text).toMatch(/^# Models that fine-tuning jobs made/);
  expect(parse(text)).toEqual(ENTRIES);
});

test("prices and what the training cost stand beside it where they are known", () => {
  const price = { input: 0.5, output: 1.5, cachedInput: undefined, hostingPerHour: 1.7 };
  const text = withRegistration("", registration({ trainingCost: 12.5 }), price);
  expect(parse(text).models["recipes-ft"]).toMatchObject({
    price: { input: 0.5, output: 1.5, hostingPerHour: 1.7 },
    trainingCost: 12.5,
  });
});

test("what the simulator made is told", () => {
  expect(parse(add("", registration({ simulated: true }))).models["recipes-ft"]).toEqual({
    ...ENTRIES.models["recipes-ft"],
    simulated: true,
  });
});

describe("what stands there", () => {
  const OTHERS = `# My own words.
models:
  # The old one.
  old: { provider: openai, model: "ft:old" } # kept for a while

variants:
  careful: { model: old, params: { temperature: 0 } }
`;

  test("stays with its comments", () => {
    const text = add(OTHERS);
    for (const line of OTHERS.split("\n")) expect(text).toContain(line);
    expect(text).not.toContain("Models that fine-tuning jobs made");
    expect(Object.keys(parse(text).models)).toEqual(["old", "recipes-ft"]);
  });

  test("is replaced under its own names alone", () => {
    const once = add(OTHERS);
    const moved = add(once, registration({ model: "ft:gpt-4.1-mini:acme::2" }));
    expect(parse(moved)).toEqual({
      models: {
        ...parse(once).models,
        "recipes-ft": { ...ENTRIES.models["recipes-ft"], model: "ft:gpt-4.1-mini:acme::2" },
      },
      variants: parse(once).variants,
    });
    expect(moved).toContain("# kept for a while");
  });

  test("stays to the letter when nothing changes", () => {
    const odd = `models: ${JSON.stringify(ENTRIES.models)}\nvariants:   ${JSON.stringify(ENTRIES.variants)}\n`;
    expect(add(odd)).toBe(odd);
  });

  test("may be a section without entries, or comments alone", () => {
    expect(parse(add("# mine\nmodels:\nvariants: {}\n"))).toEqual(ENTRIES);
    expect(add("# mine\n")).toMatch(/^# mine\n/);
    expect(parse(add("# mine\n"))).toEqual(ENTRIES);
  });
});

test("no text is a reference to the environment", () => {
  const odd = "https://x/${HOME}";
  const text = add("", registration({ model: odd, baseModel: odd, provider: odd, datasetHash: odd }));
  const escaped = "https://x/$${HOME}";
  expect(parse(text).models["recipes-ft"]).toMatchObject({
    model: escaped,
    baseModel: escaped,
    provider: escaped,
    datasetHash: escaped,
  });
  expect(add(text, registration({ model: odd, baseModel: odd, provider: odd, datasetHash: odd }))).toBe(text);
});

test("a variant that takes another's place says so", () => {
  const text = add("", { ...registration({}, { name: "prompted" }), replaces: true });
  expect(parse(text).variants).toEqual({ prompted: { model: "recipes-ft", replaces: true } });
});
