import { mean, quantile, sum } from "simple-statistics";
import type {
  AgreementDocument,
  JudgementDocument,
  PairSummary,
  ResultDocument,
  RowDocument,
  SummaryDocument,
  VariantSummary,
} from "./document.ts";
import { type Mean, meanOf, type Share, shareOf } from "./statistics.ts";

/** What a set came to: each variant by itself, and against the first, the baseline, and what was expected. */
export function summaryOf(rows: readonly RowDocument[]): SummaryDocument {
  const names = rows[0]?.results.map(({ variant }) => variant) ?? [];
  const [baseline, ...others] = names;
  const referred = rows.filter(({ expected }) => expected !== null);
  const fromCaptures = referred.every(({ capture_id }) => capture_id !== null);
  return {
    queries: rows.length,
    ...(referred.length > 0 && { reference: fromCaptures ? "captured" : "expected" }),
    variants: names.flatMap((name) => variantSummary(resultsOf(rows, name))),
    pairs: [
      ...others.map((name) => pairSummary(rows, name, baseline ?? null)),
      ...(referred.length > 0 ? names.map((name) => pairSummary(rows, name, null)) : []),
    ],
  };
}

function resultsOf(rows: readonly RowDocument[], variant: string): readonly ResultDocument[] {
  return rows.flatMap(({ results }) => results.filter((result) => result.variant === variant));
}

function variantSummary(results: readonly ResultDocument[]): VariantSummary[] {
  const [first] = results;
  if (first === undefined) return [];
  const answered = results.filter(({ error }) => error === null);
  const { variant, path, model, provider, simulated } = first;
  const valid = present(answered, ({ schema_valid }) => schema_valid);
  return [
    {
      variant,
      path,
      model,
      provider,
      simulated,
      answered: answered.length,
      errors: results.length - answered.length,
      input_tokens: total(present(results, ({ usage }) => usage?.input_tokens)),
      output_tokens: total(present(results, ({ usage }) => usage?.output_tokens)),
      added_tokens: total(present(answered, ({ added_tokens }) => added_tokens)),
      cost_usd: total(present(results, ({ cost_usd }) => cost_usd)),
      latency_ms: spread(present(answered, ({ latency_ms }) => latency_ms)),
      first_token_ms: spread(present(answered, ({ first_token_ms }) => first_token_ms)),
      schema_valid: trueShare(valid),
    },
  ];
}

function pairSummary(rows: readonly RowDocument[], variant: string, against: string | null): PairSummary {
  const agreements = rows.flatMap(({ agreement }) =>
    agreement.filter((one) => one.variant === variant && one.against === against),
  );
  const of = <T>(read: (agreement: AgreementDocument) => T | null): readonly T[] => present(agreements, read);
  const judgements = of(({ judge }) => judge);
  return {
    variant,
    against,
    n: agreements.length,
    exact: trueShare(of(({ exact }) => exact)),
    edit_similarity:
      meanOf(
        of(({ edit_similarity }) => edit_similarity),
        [0, 1],
      ) ?? null,
    tool_calls_equal: trueShare(of(({ tool_calls_equal }) => tool_calls_equal)),
    embedding_similarity:
      meanOf(
        of(({ embedding_similarity }) => embedding_similarity),
        [-1, 1],
      ) ?? null,
    judge: judgements.length === 0 ? null : judgeSummary(judgements),
    difference: against === null ? null : differences(rows, variant, against),
  };
}

function judgeSummary(judgements: readonly JudgementDocument[]): NonNullable<PairSummary["judge"]> {
  const outcomes = present(judgements, ({ outcome }) => outcome);
  const among = (wanted: JudgementDocument["outcome"]): Share | null =>
    trueShare(outcomes.map((outcome) => outcome === wanted));
  const failed = judgements.filter(({ error }) => error !== null).length;
  return {
    win: among("win"),
    tie: among("tie"),
    loss: among("loss"),
    orders_disagree: trueShare(
      present(judgements, ({ orders_agree }) => orders_agree).map((agree) => !agree),
    ),
    unreadable: judgements.length - outcomes.length - failed,
    failed,
    cost_usd: sum([...present(judgements, ({ cost_usd }) => cost_usd)]),
  };
}

/** Differences of the queries that both answered. */
function differences(
  rows: readonly RowDocument[],
  variant: string,
  baseline: string,
): NonNullable<PairSummary["difference"]> {
  const pairs = rows.flatMap(({ results }) => {
    const own = results.find((result) => result.variant === variant && result.error === null);
    const other = results.find((result) => result.variant === baseline && result.error === null);
    return own === undefined || other === undefined ? [] : [{ own, other }];
  });
  const of = (read: (result: ResultDocument) => number | null | undefined): Mean | null =>
    meanOf(
      present(pairs, ({ own, other }) => {
        const [a, b] = [read(own), read(other)];
        return typeof a === "number" && typeof b === "number" ? a - b : null;
      }),
    ) ?? null;
  return {
    cost_usd: of(({ cost_usd }) => cost_usd),
    input_tokens: of(({ usage }) => usage?.input_tokens),
    output_tokens: of(({ usage }) => usage?.output_tokens),
    latency_ms: of(({ latency_ms }) => latency_ms),
    first_token_ms: of(({ first_token_ms }) => first_token_ms),
  };
}

/** What is there of a value. */
function present<In, Out>(items: readonly In[], read: (item: In) => Out | null | undefined): readonly Out[] {
  return items.flatMap((item) => {
    const value = read(item);
    return value === null || value === undefined ? [] : [value];
  });
}

function trueShare(values: readonly boolean[]): Share | null {
  return shareOf(values.filter((value) => value).length, values.length) ?? null;
}

function total(values: readonly number[]): VariantSummary["cost_usd"] {
  return values.length === 0 ? null : { n: values.length, total: sum([...values]), mean: mean([...values]) };
}

function spread(values: readonly number[]): VariantSummary["latency_ms"] {
  if (values.length === 0) return null;
  return { n: values.length, p50: quantile([...values], 0.5), p95: quantile([...values], 0.95) };
}
