import { z } from "zod";

const usd = z.number();
const bounds = z
  .object({ value: z.number().nullable(), low: z.number().nullable(), high: z.number().nullable() })
  .describe(
    "With its 95% interval. `value` null: never. `low` null: no interval is known; else `high` null: no upper end.",
  );
const interval = z.object({ low: z.number(), high: z.number() });

const totals = z.object({
  requests: z.int(),
  errors: z.int(),
  cached: z.int(),
  priced: z.int().describe("Requests of a known cost."),
  input_tokens: z.number(),
  cached_input_tokens: z.number(),
  output_tokens: z.number(),
  added_tokens: z.number().describe("Estimated tokens that prompts added."),
  cost_usd: usd,
  mean_cost_usd: bounds.nullable(),
  mean_duration_ms: z.number().nullable(),
});

const candidate = z.object({
  variant: z.string().nullable().describe("Null: prices alone."),
  model: z.string().nullable(),
  input_price: usd.nullable().describe("USD per million tokens."),
  output_price: usd.nullable(),
  hosting_per_hour: usd,
  training_cost: usd.nullable().describe("Null: not known."),
});

const breakEven = z.object({
  verdict: z.enum(["pays_back", "never", "training_cost_unknown"]),
  basis: z.enum(["measured", "modelled"]),
  enriched_usd_per_request: bounds,
  candidate_usd_per_request: bounds,
  saving_usd_per_request: bounds,
  hosting_usd_per_day: usd,
  net_saving_usd_per_day: bounds,
  requests: bounds.nullable().describe("That pay back the training, hosting left aside."),
  days: bounds.nullable().describe("At the current rate, hosting included."),
  requests_per_day_needed: z
    .number()
    .nullable()
    .describe("Above it there is a saving. Null: no volume is enough."),
  sensitivity: z.array(
    z.object({
      factor: z.number(),
      requests_per_day: z.number(),
      days: z.number().nullable(),
      net_saving_usd_per_month: usd,
    }),
  ),
});

const reason = z.object({
  topic: z.string(),
  speaks: z.enum(["for", "against", "open"]),
  value: z.number().nullable(),
  threshold: z.number().nullable(),
  text: z.string(),
});

/** A report as JSON has it. */
export const reportDocument = z.object({
  object: z.literal("crossover.report"),
  route: z.string(),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  observed_days: z.number().describe("From the first hour with traffic to the end."),
  totals,
  by_path: z.array(totals.extend({ path: z.enum(["enriched", "bare"]) })),
  by_variant: z.array(totals.extend({ variant: z.string() })),
  by_prompt_version: z.array(totals.extend({ prompt_version: z.string().nullable() })),
  requests_per_day: bounds.nullable(),
  priced_requests_per_day: bounds.nullable(),
  prompt_cost: z
    .object({
      added_tokens_per_request: z.number(),
      share_of_input: z.number(),
      usd_per_request: interval,
      usd_per_month: interval,
    })
    .nullable(),
  candidate: candidate.nullable(),
  break_even: breakEven.nullable(),
  savings: z
    .object({
      requests: z.int(),
      gross_usd: bounds,
      hosting_usd: usd,
      training_usd: usd,
      net_usd: bounds,
    })
    .nullable(),
  advice: z.object({
    advice: z.enum(["stay", "capture", "tune", "keep", "go-back"]),
    reasons: z.array(reason),
  }),
  notes: z.array(z.string()).describe("What the numbers rest on and what they leave out."),
});

export type ReportDocument = Readonly<z.infer<typeof reportDocument>>;
export type BoundsDocument = Readonly<z.infer<typeof bounds>>;
