import { z } from "zod";

const interval = z.object({ low: z.number(), high: z.number() });
const mean = z.object({ value: z.number(), interval: interval.describe("With 95% confidence.") });

const move = z.object({
  from: z.string().describe("The variant that the configuration in force chooses."),
  to: z.string().nullable().describe("Null: the new configuration refuses the request."),
  same_variant: z
    .boolean()
    .describe("The variant keeps its name, and asks another model or by another prompt or other parameters."),
  requests: z.int(),
  share: z.number().describe("Of the route's requests that were compared, 0 to 1."),
  rules: z.array(
    z.object({
      from: z.string().describe("The rule that takes them now."),
      to: z.string().nullable(),
      requests: z.int(),
    }),
  ),
  examples: z.array(z.object({ id: z.string(), query: z.string() })),
});

const side = z.object({
  input_tokens: z.number(),
  cached_input_tokens: z.number(),
  output_tokens: z.number(),
  usd: z.number().nullable().describe("Null: the price of a model is not known."),
});

const bill = z.object({
  requests: z.int().describe("Requests that would go elsewhere, of which the tokens are known or counted."),
  before: side,
  after: side,
  logged: z.int().describe("Sides of them whose tokens the upstream told."),
  counted_exactly: z.int().describe("Sides whose input was counted with the model's own tokenizer."),
  counted_nearly: z
    .int()
    .describe("Sides with tools, images, redacted texts or a model whose tokenizer is not public."),
  unpriced: z.array(z.string()).describe("Models whose price is not known, so that `usd` is not."),
  output_basis: z.array(
    z.object({
      variant: z.string(),
      requests: z.int(),
      mean: z
        .number()
        .nullable()
        .describe("Tokens of its own answers. Null: it has none, the logged ones count."),
      answers: z.int(),
    }),
  ),
});

const refusal = z.object({
  kind: z.enum(["no_support", "too_few"]),
  text: z.string(),
  segment: z.string().nullable(),
  variant: z.string().nullable(),
  share: z.number().nullable().describe("Of the new configuration's decisions."),
  more_rows: z.int().nullable().describe("Rows that would likely do, logged as those before."),
});

const value = mean.extend({ change: mean.describe("Against what was logged.") });

const quality = z.object({
  reward: z.string(),
  rows: z.int(),
  left_out: z.record(z.string(), z.int()).describe("Requests that say nothing of it, by the reason."),
  fallbacks: z.int().describe("Rows that a fallback answered: for `success` they count as failures."),
  logged: mean.nullable().describe("Of the same requests, as they were served."),
  snips: value.nullable(),
  doubly_robust: value.nullable(),
  support: z.object({
    effective_rows: z.number(),
    largest_weight: z.number(),
    carriers: z.number().nullable().describe("Effective rows that carry what is new. Null: nothing is new."),
    keys: z.number().nullable(),
  }),
  refused: z.array(refusal).describe("Why the logs cannot tell. Empty: they can."),
});

const route = z.object({
  route: z.string(),
  captured: z.int(),
  compared: z.int(),
  left_out: z.record(z.string(), z.int()).describe("Requests that are not compared, by the reason."),
  untold: z.array(
    z.object({
      configuration: z.enum(["current", "new"]),
      rule: z.string(),
      values: z.array(z.string()).describe("What its condition looks at and captures do not keep."),
      requests: z.int(),
    }),
  ),
  moved: z.int(),
  by_chance: z.int().describe("Of the compared: chance, or a key that was not kept, chooses their variant."),
  simulated: z.int(),
  moves: z.array(move),
  logged: z
    .object({ requests: z.int(), priced: z.int(), usd: z.number() })
    .describe("All that was compared, as it was served. `usd` is of those of a known cost."),
  bill: bill.nullable(),
  quality,
  notes: z.array(z.string()),
});

export const backtestDocument = z.object({
  object: z.literal("crossover.backtest"),
  from: z.string(),
  to: z.string(),
  current: z.string().describe("Version of the configuration in force."),
  new: z.string(),
  captures: z.int(),
  complete: z.boolean().describe("False: older captures of this time were left out by the limit."),
  rollouts: z
    .array(z.object({ name: z.string(), percent: z.number() }))
    .describe("Started rollouts, and the candidate's share that both configurations give it."),
  routes: z.array(route),
});

export type BacktestDocument = z.infer<typeof backtestDocument>;
export type RouteDocument = z.infer<typeof route>;
export type MoveDocument = z.infer<typeof move>;
export type BillDocument = z.infer<typeof bill>;
export type QualityDocument = z.infer<typeof quality>;
