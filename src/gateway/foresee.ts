import type { ChatRequest } from "../domain/chat.ts";
import type { Table, Variant } from "../domain/table.ts";
import { Reckoning } from "./reckoning.ts";
import { shape } from "./shape.ts";

/**
 * What a call costs at most, as limits reckon it: where the request names no most, with `limits.outputTokens`.
 * @returns USD; undefined where the price is not known
 * @throws GatewayError when the request can't be shaped for the variant
 */
export function mostUsd(request: ChatRequest, variant: Variant, table: Table): number | undefined {
  if (variant.model.price === undefined) return undefined;
  const { addedTokens } = shape(request, variant);
  return new Reckoning({ request, variant, table, addedTokens }, true).estimate.nanoUsd / 1e9;
}
