import { z } from "zod";
import { shownCall } from "../captures/shown-call.ts";
import { shownOutcome } from "../captures/shown-outcome.ts";
import { groundDocument } from "../rollouts/document.ts";
import { ACTIONS } from "../rollouts/run.ts";

const step = z.object({
  rule: z.string(),
  when: z.string().nullable().describe("Null: a rule without a condition."),
  matched: z.boolean(),
  values: z.record(z.string(), z.unknown()).describe("What the condition looked at, as far as it was kept."),
  not_kept: z.array(z.string()).describe("What it looked at besides, such as headers."),
  why: z.string(),
});

const change = z.object({
  at: z.string(),
  action: z.enum(ACTIONS),
  by: z.string(),
  reason: z.string().nullable(),
  ground: groundDocument.nullable(),
  guardrail: z.string().nullable().describe("The one that was crossed."),
  from_percent: z.number(),
  to_percent: z.number(),
});

const rollout = z.object({
  rollout: z.string(),
  side: z.enum(["control", "candidate"]).nullable().describe("Null: not known."),
  stage: z.int().nullable().describe("Counted from 0."),
  share: z.number().nullable().describe("The candidate's, then; 0 to 1."),
  run: z
    .string()
    .nullable()
    .describe("Null: nobody had started it, or, with `known` false, that was not known."),
  epoch: z.int().nullable(),
  known: z
    .boolean()
    .describe("Was it known where the rollout stood? If not, the store did not answer, and the control did."),
  set_by: change.nullable().describe("The change that had set the share."),
  ended: change
    .nullable()
    .describe("How the run was promoted or rolled back later; null: not, as far as is known."),
  state: z.string().nullable().describe("Of the run now."),
});

/** Why a captured request went where it went. */
export const whyDocument = z.object({
  object: z.literal("crossover.why"),
  id: z.string(),
  created_at: z.string(),
  route: z.string(),
  query: z.string().nullable().describe("Null: the texts were not kept."),
  key: z.string().nullable(),
  user: z.string().nullable(),
  table_version: z.string().nullable(),
  rules: z
    .array(step)
    .nullable()
    .describe(
      "Those that were tried, the last one took the request. Null: the rules of that time are not known.",
    ),
  decision: z.object({
    rule: z.string(),
    variant: z.string(),
    propensity: z.number(),
    forced: z.boolean().describe("The client chose the variant."),
    sticky_by: z.string().nullable(),
    sticky_key: z.string().nullable().describe("As it is stored, redacted."),
  }),
  rollout: rollout.nullable(),
  calls: z.array(shownCall),
  outcome: shownOutcome.extend({
    answered_by: z.string().describe("The variant that answered, or was tried last."),
    fallback: z.boolean(),
    unusable: z
      .string()
      .nullable()
      .describe(
        "Why the answer can't be used, such as that it is empty. Null: it can, or that is not known.",
      ),
  }),
  notes: z.array(z.string()),
});

export type WhyDocument = z.infer<typeof whyDocument>;
export type WhyStep = z.infer<typeof step>;
export type WhyRollout = z.infer<typeof rollout>;
export type WhyChange = z.infer<typeof change>;
