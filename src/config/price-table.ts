import { calcPrice } from "@pydantic/genai-prices";
import type { Price } from "../domain/usage.ts";

/** Enough tokens for an exact figure, too few to reach a price tier for long contexts. */
const SAMPLE = 1000;

/**
 * The public list price of a model in USD per million tokens; undefined when the table does not know it.
 * @param provider the table's name for the provider
 */
export function publicPrice(provider: string | undefined, model: string): Price | undefined {
  if (provider === undefined) return undefined;
  const perMillion = (usage: {
    input_tokens: number;
    output_tokens: number;
    cache_read_tokens?: number;
  }): number | undefined => {
    const price = calcPrice(usage, model, { providerId: provider })?.total_price;
    return price === undefined ? undefined : Number(((price / SAMPLE) * 1e6).toPrecision(12));
  };
  const input = perMillion({ input_tokens: SAMPLE, output_tokens: 0 });
  const output = perMillion({ input_tokens: 0, output_tokens: SAMPLE });
  if (input === undefined || output === undefined) return undefined;
  return {
    input,
    output,
    cachedInput: perMillion({ input_tokens: SAMPLE, cache_read_tokens: SAMPLE, output_tokens: 0 }),
  };
}
