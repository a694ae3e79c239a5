import { z } from "zod";
import { shownCall } from "../../src/captures/shown-call.ts";
import { shownOutcome } from "../../src/captures/shown-outcome.ts";
import { shownFeedback } from "../feedback-fields.ts";

const time = z.iso.datetime();

/** What is known of a request, and the beginnings of its texts. */
export const shownCapture = z.object({
  object: z.literal("crossover.capture"),
  id: z.string().describe("The request's id: `x-crossover-request-id` of its answer."),
  created_at: time,
  route: z.string(),
  rule: z.string(),
  variant: z.string().describe("The variant that answered, or was tried last."),
  decided_variant: z.string().describe("The variant that was decided on; another one after a fallback."),
  path: z.enum(["enriched", "bare"]),
  model: z.string(),
  provider: z.string(),
  propensity: z.number().describe("The probability with which the variant was chosen."),
  sticky_by: z.string().nullable(),
  sticky_key: z.string().nullable(),
  rollout: z.string().nullable(),
  stage: z.int().nullable().describe("Of the rollout, counted from 0."),
  run: z.string().nullable().describe("Id of the rollout's run; null where nobody had started it."),
  epoch: z.int().nullable().describe("How often the weight had changed in the run."),
  share: z.number().nullable().describe("The candidate's share of the rollout's requests then, from 0 to 1."),
  table_version: z
    .string()
    .nullable()
    .describe(
      "Version of the configuration that it was decided by; null for captures from before it was kept.",
    ),
  key: z.string().nullable(),
  user: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
  ...shownOutcome.shape,
  calls: z.array(shownCall).describe("Calls to models, in their order; empty where they are not known."),
  stream: z.boolean(),
  cached_input_tokens: z.int().nullable(),
  added_tokens: z.number().describe("Estimated tokens that the prompt added."),
  prompt: z.string().nullable(),
  prompt_version: z.string().nullable(),
  recipe: z.string(),
  query: z.string().nullable().describe("The last user message: its first 200 characters in a list."),
  answer_text: z.string().nullable().describe("The answer's text: its first 200 characters in a list."),
  finish_reason: z.string().nullable(),
  truncated: z.boolean().describe("Was the answer too long to be kept whole?"),
  feedback: z.array(shownFeedback).describe("Oldest first."),
});

/** A capture with all its texts. */
export const wholeCapture = shownCapture.extend({
  request: z.unknown().describe("The client's body, redacted. Null where only the facts are kept."),
  answer: z.unknown().describe("A chat completion in OpenAI's shape; null where there is none."),
  upstream_request: z
    .unknown()
    .describe("The body that went upstream, rebuilt from `request`; null where it can't be."),
});

export const captureList = z.object({
  object: z.literal("list"),
  data: z.array(shownCapture),
  has_more: z.boolean(),
  next_cursor: z.string().nullable(),
});

export const deletion = z.object({
  object: z.literal("crossover.deletion"),
  captures: z.int(),
  feedback: z.int(),
  comparison_rows: z.int(),
});

/** Feedback of one name for one variant of a route. */
export const shownSummary = z.object({
  object: z.literal("crossover.feedback_summary"),
  route: z.string(),
  variant: z.string(),
  name: z.string(),
  count: z.int().describe("Requests that have it; the latest value of each counts."),
  mean: z.number().nullable().describe("Of numbers, and of booleans as 1 and 0."),
  interval: z
    .object({
      low: z.number(),
      high: z.number(),
      confidence: z.number(),
      method: z.enum(["normal", "wilson"]),
    })
    .nullable(),
  labels: z.record(z.string(), z.int()).describe("How often each text was given; the 100 most frequent."),
});

export const summaryList = z.object({ object: z.literal("list"), data: z.array(shownSummary) });
