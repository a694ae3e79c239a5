import type { Price } from "../domain/usage.ts";

/** What is known of training a model. */
export interface TunableModel {
  /** Tokens of an example beyond which training cuts it off. */
  readonly exampleLimit: number;
  /** OpenAI's price in USD per million trained tokens; undefined where training by tokens is not sold. */
  readonly usdPerMillion: number | undefined;
  /** OpenAI's prices of what the tuned model reads and writes; undefined where they are not known. */
  readonly tuned: Price | undefined;
}

/** When OpenAI's price list for fine-tuning (https://openai.com/api/pricing) said what stands below. */
export const PRICES_AS_OF = "2026-08-05";

/**
 * Models by the beginning of their names; the longest that fits counts. The limits are those of Microsoft's
 * page "Customize a model with fine-tuning" (training example context length, 2025-06), which trains the same
 * models; that of gpt-3.5-turbo-0613 is OpenAI's cookbook's of 2023. The prices of tuned
 * models are those of OpenAI's list in mid-2025; a registered model's can be changed in `registered.yaml`.
 */
const MODELS: Readonly<Record<string, TunableModel>> = {
  "gpt-4.1": { exampleLimit: 65_536, usdPerMillion: 25, tuned: { input: 3, cachedInput: 0.75, output: 12 } },
  "gpt-4.1-mini": {
    exampleLimit: 65_536,
    usdPerMillion: 5,
    tuned: { input: 0.8, cachedInput: 0.2, output: 3.2 },
  },
  "gpt-4.1-nano": {
    exampleLimit: 32_768,
    usdPerMillion: 1.5,
    tuned: { input: 0.2, cachedInput: 0.05, output: 0.8 },
  },
  "gpt-4o": {
    exampleLimit: 65_536,
    usdPerMillion: 25,
    tuned: { input: 3.75, cachedInput: 1.875, output: 15 },
  },
  "gpt-4o-mini": {
    exampleLimit: 65_536,
    usdPerMillion: 3,
    tuned: { input: 0.3, cachedInput: 0.15, output: 1.2 },
  },
  "gpt-3.5-turbo": { exampleLimit: 16_385, usdPerMillion: 8, tuned: { input: 3, output: 6 } },
  "gpt-3.5-turbo-0613": { exampleLimit: 4096, usdPerMillion: undefined, tuned: undefined },
};

/** A model's name without what says that it is tuned, and in OpenAI's spelling. */
export function baseModel(model: string): string {
  const [, base = model] = /^ft:([^:]+)/.exec(model) ?? [];
  return base.replace(/^gpt-35/, "gpt-3.5");
}

/** What is known of a model; undefined when nothing is. @example tunableModel("gpt-4.1-mini-2025-04-14") */
export function tunableModel(model: string): TunableModel | undefined {
  const base = baseModel(model);
  const name = Object.keys(MODELS)
    .filter((start) => base === start || base.startsWith(`${start}-`))
    .sort((a, b) => b.length - a.length)[0];
  return name === undefined ? undefined : MODELS[name];
}

/**
 * The names that training takes, for names without a date: the versions that Microsoft's page "Customize a model with
 * fine-tuning" lists (2025-09). OpenAI trains the same ones.
 */
const SNAPSHOTS: ReadonlyMap<string, string> = new Map([
  ["gpt-4.1", "gpt-4.1-2025-04-14"],
  ["gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"],
  ["gpt-4.1-nano", "gpt-4.1-nano-2025-04-14"],
  ["gpt-4o", "gpt-4o-2024-08-06"],
  ["gpt-4o-mini", "gpt-4o-mini-2024-07-18"],
  ["gpt-3.5-turbo", "gpt-3.5-turbo-0125"],
]);

/**
 * The model to train, as an API takes it. Names that are not known stay as they are, tuned ones too: they can be trained on.
 * @example trainedName("gpt-3.5-turbo", "azure") // "gpt-35-turbo-0125"
 */
export function trainedName(model: string, api: "openai" | "azure"): string {
  const name = model.replace(/^gpt-35/, "gpt-3.5");
  const snapshot = SNAPSHOTS.get(name) ?? name;
  return api === "azure" ? snapshot.replace(/^gpt-3\.5/, "gpt-35") : snapshot;
}
