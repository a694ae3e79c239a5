import { z } from "zod";
import { parseJson } from "../domain/json.ts";
import type { StoredComparison } from "../store/store.ts";

/** How far a candidate's answers are those of the prompt. */
export interface Agreement {
  /** 0 to 1. */
  readonly share: number;
  /** A judge's word counts before embeddings, and these before letters. */
  readonly by: "judge" | "embedding" | "edit";
  readonly queries: number;
}

const share = z.object({ share: z.number() }).nullish();
const mean = z.object({ mean: z.number() }).nullish();
const pair = z.object({
  variant: z.string(),
  against: z.string().nullable(),
  n: z.number(),
  judge: z.object({ win: share, tie: share, loss: share }).nullish(),
  embedding_similarity: mean,
  edit_similarity: mean,
});
/** What is read of a comparison's summary. */
const comparison = z.object({ summary: z.object({ pairs: z.array(pair) }) });
type Pair = z.infer<typeof pair>;

/**
 * Of the latest comparison that has the candidate beside one of the prompted variants.
 * @param comparisons newest first
 * @param fewest queries that a comparison must have to count
 */
export function latestAgreement(
  comparisons: readonly StoredComparison[],
  candidate: string,
  prompted: ReadonlySet<string>,
  fewest: number,
): Agreement | undefined {
  for (const { variants, summary } of comparisons) {
    if (!variants.includes(candidate)) continue;
    for (const found of pairsOf(summary)) {
      const { variant, against, n } = found;
      if (against === null || n < fewest) continue;
      const forward = variant === candidate && prompted.has(against);
      const backward = against === candidate && prompted.has(variant);
      const agreement = forward || backward ? agreementOf(found, forward) : undefined;
      if (agreement !== undefined) return agreement;
    }
  }
  return undefined;
}

function pairsOf(summary: string): readonly Pair[] {
  // One of another version's shape tells nothing.
  const parsed = comparison.safeParse(parseJson(summary));
  return parsed.success ? parsed.data.summary.pairs : [];
}

/** @param forward is the candidate the pair's `variant`, whose wins are counted? */
function agreementOf(
  { n, judge, embedding_similarity, edit_similarity }: Pair,
  forward: boolean,
): Agreement | undefined {
  const good = forward ? judge?.win : judge?.loss;
  if (good && judge?.tie) return { share: good.share + judge.tie.share, by: "judge", queries: n };
  if (embedding_similarity) return { share: embedding_similarity.mean, by: "embedding", queries: n };
  if (edit_similarity) return { share: edit_similarity.mean, by: "edit", queries: n };
  return undefined;
}
