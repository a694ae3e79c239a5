import { z } from "zod";

/** What one variant answered, as JSON has it. */
export const resultDocument = z.object({
  variant: z.string(),
  path: z.enum(["enriched", "bare"]),
  model: z.string(),
  provider: z.string(),
  simulated: z.boolean().describe("Did the built-in simulator answer in the model's place?"),
  message: z.record(z.string(), z.unknown()).nullable().describe("The answer in OpenAI's shape."),
  finish_reason: z.string().nullable(),
  usage: z
    .object({ input_tokens: z.number(), cached_input_tokens: z.number(), output_tokens: z.number() })
    .nullable()
    .describe("As the upstream told it."),
  added_tokens: z.number().describe("Estimated tokens that the prompt added."),
  cost_usd: z.number().nullable(),
  latency_ms: z.number(),
  first_token_ms: z.number().nullable(),
  schema_valid: z
    .boolean()
    .nullable()
    .describe("Is the answer the JSON that `response_format` asks for? Null where it asks for none."),
  error: z.object({ status: z.number(), code: z.string().nullable(), message: z.string() }).nullable(),
});
export type ResultDocument = Readonly<z.infer<typeof resultDocument>>;

const verdict = z
  .object({
    shown_first: z.enum(["variant", "against"]),
    better: z.enum(["first", "second", "tie"]).nullable().describe("Null: the judge's answer can't be read."),
    reason: z.string(),
  })
  .describe("What the judge said of one order of the two answers.");
export type VerdictDocument = Readonly<z.infer<typeof verdict>>;

export const judgementDocument = z.object({
  outcome: z
    .enum(["win", "tie", "loss"])
    .nullable()
    .describe("Of `variant`. Null: the judge could not be asked, or not be understood."),
  orders_agree: z.boolean().nullable(),
  verdicts: z.array(verdict),
  cost_usd: z.number().nullable(),
  error: z.string().nullable(),
});
export type JudgementDocument = Readonly<z.infer<typeof judgementDocument>>;

/** How two answers are alike. */
export const agreementDocument = z.object({
  variant: z.string(),
  against: z.string().nullable().describe("The baseline; null: the expected answer."),
  exact: z.boolean().describe("The same text but for blanks around it, and the same tool calls."),
  edit_similarity: z.number().describe("From 0 to 1."),
  tool_calls_equal: z.boolean().nullable().describe("Null where neither calls tools."),
  embedding_similarity: z.number().nullable().describe("Cosine, from -1 to 1."),
  judge: judgementDocument.nullable(),
});
export type AgreementDocument = Readonly<z.infer<typeof agreementDocument>>;

/** One query and what came of it. */
export const rowDocument = z.object({
  query: z.string().describe("The text of the last user message."),
  system: z.string().exactOptional().describe("The texts of its system messages, where it has any."),
  capture_id: z.string().nullable(),
  expected: z.string().nullable(),
  results: z.array(resultDocument),
  agreement: z.array(agreementDocument),
});
export type RowDocument = Readonly<z.infer<typeof rowDocument>>;

/** What `POST /v1/compare` answers. */
export const comparisonAnswer = z.object({
  object: z.literal("crossover.comparison"),
  id: z.string(),
  created: z.int().describe("Seconds since 1970."),
  baseline: z.string(),
  results: z.array(resultDocument),
  agreement: z.array(agreementDocument),
});
export type ComparisonAnswer = Readonly<z.infer<typeof comparisonAnswer>>;

const share = z
  .object({ n: z.number(), count: z.number(), share: z.number(), low: z.number(), high: z.number() })
  .describe("A share with its 95% interval.");
const mean = z
  .object({ n: z.number(), mean: z.number(), low: z.number().nullable(), high: z.number().nullable() })
  .describe("A mean with its 95% interval, which takes two values at least.");
const total = z.object({ n: z.number(), total: z.number(), mean: z.number() });
const spread = z.object({ n: z.number(), p50: z.number(), p95: z.number() });

/** What one variant took over a set. Tokens and cost are of those calls where they are known. */
export const variantSummary = z.object({
  variant: z.string(),
  path: z.enum(["enriched", "bare"]),
  model: z.string(),
  provider: z.string(),
  simulated: z.boolean(),
  answered: z.number(),
  errors: z.number(),
  input_tokens: total.nullable(),
  output_tokens: total.nullable(),
  added_tokens: total.nullable(),
  cost_usd: total.nullable(),
  latency_ms: spread.nullable(),
  first_token_ms: spread.nullable(),
  schema_valid: share.nullable(),
});
export type VariantSummary = Readonly<z.infer<typeof variantSummary>>;

const judgeSummary = z.object({
  win: share.nullable(),
  tie: share.nullable(),
  loss: share.nullable(),
  orders_disagree: share.nullable().describe("The judge's position bias."),
  unreadable: z.number(),
  failed: z.number(),
  cost_usd: z.number(),
});

/** How a variant does against the baseline, or against what was expected. */
export const pairSummary = z.object({
  variant: z.string(),
  against: z.string().nullable(),
  n: z.number().describe("Queries that both answered."),
  exact: share.nullable(),
  edit_similarity: mean.nullable(),
  tool_calls_equal: share.nullable(),
  embedding_similarity: mean.nullable(),
  judge: judgeSummary.nullable(),
  difference: z
    .object({
      cost_usd: mean.nullable(),
      input_tokens: mean.nullable(),
      output_tokens: mean.nullable(),
      latency_ms: mean.nullable(),
      first_token_ms: mean.nullable(),
    })
    .nullable()
    .describe("The variant's less the baseline's, query by query."),
});
export type PairSummary = Readonly<z.infer<typeof pairSummary>>;

export const summaryDocument = z.object({
  queries: z.number(),
  reference: z
    .enum(["expected", "captured"])
    .exactOptional()
    .describe("What `against: null` means: an answer that was given as good, or the captured one."),
  variants: z.array(variantSummary),
  pairs: z.array(pairSummary),
});
export type SummaryDocument = Readonly<z.infer<typeof summaryDocument>>;

/** A comparison without its rows, as it is stored. */
export const comparisonDocument = z.object({
  object: z.literal("crossover.comparison_set"),
  id: z.string(),
  created: z.int().describe("Seconds since 1970."),
  route: z.string().nullable(),
  variants: z.array(z.string()),
  baseline: z.string(),
  summary: summaryDocument,
});
export type ComparisonDocument = Readonly<z.infer<typeof comparisonDocument>>;
