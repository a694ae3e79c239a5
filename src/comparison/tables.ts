import type { PairSummary, SummaryDocument, VariantSummary } from "./document.ts";
import { count, difference, mean, milliseconds, NOTHING, percent, usd } from "./words.ts";

/** A table in words, for whatever shows it: the first column names what the row is about. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What each variant took. */
export function variantTable({ variants }: SummaryDocument): Table {
  return withoutEmptyColumns({
    head: [
      "variant",
      "path",
      "answers",
      "errors",
      "tokens in",
      "tokens out",
      "added",
      "cost",
      "a query",
      "time p50",
      "p95",
      "first token p50",
      "p95",
      "valid JSON",
    ],
    rows: variants.map(variantRow),
  });
}

function variantRow(summary: VariantSummary): readonly string[] {
  const { variant, path, answered, errors, latency_ms, first_token_ms } = summary;
  return [
    variant,
    path,
    count(answered),
    count(errors),
    count(summary.input_tokens?.mean),
    count(summary.output_tokens?.mean),
    count(summary.added_tokens?.mean),
    usd(summary.cost_usd?.total),
    usd(summary.cost_usd?.mean),
    milliseconds(latency_ms?.p50),
    milliseconds(latency_ms?.p95),
    milliseconds(first_token_ms?.p50),
    milliseconds(first_token_ms?.p95),
    percent(summary.schema_valid),
  ];
}

/** Says whose answers are none of a model. @returns undefined where all are */
export function simulatedNote({ variants }: SummaryDocument): string | undefined {
  const names = variants.filter(({ simulated }) => simulated).map(({ variant }) => variant);
  return names.length === 0
    ? undefined
    : `Played by the built-in simulator: ${names.join(", ")}. Good to try the road, not to judge a model.`;
}

/** How far each variant agrees with the baseline, and with what was expected. */
export function agreementTable({ pairs, reference }: SummaryDocument): Table {
  return withoutEmptyColumns({
    head: [
      "variant",
      "against",
      "answers",
      "exact",
      "edit similarity",
      "same tool calls",
      "embedding similarity",
    ],
    rows: pairs.map((pair) => [
      pair.variant,
      againstOf(pair, reference),
      count(pair.n),
      percent(pair.exact),
      mean(pair.edit_similarity),
      percent(pair.tool_calls_equal),
      mean(pair.embedding_similarity),
    ]),
  });
}

/** What the judge said; no rows where there was none. */
export function judgeTable({ pairs, reference }: SummaryDocument): Table {
  return {
    head: ["variant", "against", "wins", "ties", "losses", "orders disagree", "unreadable", "failed", "cost"],
    rows: pairs.flatMap((pair) => {
      const { variant, judge } = pair;
      if (judge === null) return [];
      return [
        [
          variant,
          againstOf(pair, reference),
          percent(judge.win),
          percent(judge.tie),
          percent(judge.loss),
          percent(judge.orders_disagree),
          count(judge.unreadable),
          count(judge.failed),
          usd(judge.cost_usd),
        ],
      ];
    }),
  };
}

/** What a variant takes more or less than the baseline, query by query. */
export function differenceTable({ pairs, reference }: SummaryDocument): Table {
  return {
    head: ["variant", "less", "cost", "tokens in", "tokens out", "time", "first token"],
    rows: pairs.flatMap((pair) => {
      const { variant, difference: less } = pair;
      if (less === null) return [];
      return [
        [
          variant,
          againstOf(pair, reference),
          difference(less.cost_usd, usd),
          difference(less.input_tokens, count),
          difference(less.output_tokens, count),
          difference(less.latency_ms, milliseconds),
          difference(less.first_token_ms, milliseconds),
        ],
      ];
    }),
  };
}

function againstOf({ against }: PairSummary, reference: SummaryDocument["reference"]): string {
  return against ?? `(${reference ?? "expected"})`;
}

/** A column of which nothing is known tells nothing. */
function withoutEmptyColumns({ head, rows }: Table): Table {
  const kept = head.map((_, column) => rows.length === 0 || rows.some((row) => row[column] !== NOTHING));
  const only = (row: readonly string[]): readonly string[] => row.filter((_, column) => kept[column]);
  return { head: only(head), rows: rows.map(only) };
}
