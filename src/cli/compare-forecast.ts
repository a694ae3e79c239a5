import type { Query } from "../comparison/compare.ts";
import { conversationTokens } from "../domain/chat.ts";
import { GatewayError } from "../domain/errors.ts";
import type { Table, Variant } from "../domain/table.ts";
import { estimateTokens } from "../domain/tokens.ts";
import { costOf } from "../domain/usage.ts";
import { mostUsd } from "../gateway/foresee.ts";

/** Tokens of the judge's prompt around the texts. */
const JUDGE_PROMPT_TOKENS = 250;

/** What a comparison takes at most. */
export interface Forecast {
  readonly calls: number;
  /** As far as prices are known; embeddings, which cost next to nothing, are left out. */
  readonly usd: number;
  /** Variants whose price is not known. */
  readonly unpriced: readonly string[];
}

/** The calls of a comparison and their cost, with answers as long as `limits.outputTokens`. */
export function forecastOf(
  queries: readonly Query[],
  variants: readonly Variant[],
  table: Table,
  judging: boolean,
): Forecast {
  const { judge, embedding } = table.compare;
  const judged = judging ? queries.length * (variants.length - 1) * 2 : 0;
  const asked = [...variants, ...(judging && judge !== undefined ? [judge.variant] : [])];
  return {
    calls: queries.length * variants.length + judged + (embedding === undefined ? 0 : queries.length),
    usd:
      queries.reduce((sum, { request }) => {
        const costs = variants.map((variant) => costAtMost(() => mostUsd(request, variant, table)));
        return sum + costs.reduce((all, cost) => all + cost, 0);
      }, 0) + (judging ? judgeUsd(queries, variants.length, table) : 0),
    unpriced: [...new Set(asked.filter(({ model }) => model.price === undefined).map(({ name }) => name))],
  };
}

/** What can't be reckoned will not be answered either. */
function costAtMost(reckon: () => number | undefined): number {
  try {
    return reckon() ?? 0;
  } catch (error) {
    if (error instanceof GatewayError) return 0;
    throw error;
  }
}

function judgeUsd(queries: readonly Query[], variants: number, { compare, limiting }: Table): number {
  const { judge } = compare;
  const price = judge?.variant.model.price;
  if (judge === undefined || price === undefined) return 0;
  const fixed = JUDGE_PROMPT_TOKENS + estimateTokens(judge.rubric) + 2 * limiting.outputTokens;
  return queries.reduce((sum, { request }) => {
    const usage = {
      input: conversationTokens(request) + fixed,
      cachedInput: 0,
      output: limiting.outputTokens,
    };
    return sum + costOf(usage, price) * (variants - 1) * 2;
  }, 0);
}
