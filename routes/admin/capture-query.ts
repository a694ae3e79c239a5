import { z } from "zod";
import { CAPTURE_OUTCOMES } from "../../src/domain/capture.ts";
import { INSTANT_RULE, instantOf, startOf } from "../../src/domain/instant.ts";
import { FEEDBACK_FILTER_RULE, feedbackFilterOf } from "../../src/store/feedback-filter.ts";
import type { CaptureFilter, PageRequest } from "../../src/store/store.ts";
import { yesOrNo } from "../query.ts";

const LONGEST_SEARCH = 1024;

export const text = z.string().min(1, "a value is expected");

/** A text that `read` makes something of. */
export function readBy<T>(read: (text: string) => T | undefined, rule: string) {
  return text.transform((given, context) => {
    const value = read(given);
    if (value !== undefined) return value;
    context.addIssue(rule);
    return z.NEVER;
  });
}

/** A whole number in digits. */
function whole(from: number, to: number) {
  return readBy(
    (given) =>
      /^\d{1,9}$/.test(given) && Number(given) >= from && Number(given) <= to ? Number(given) : undefined,
    `a whole number from ${from} to ${to} is expected`,
  );
}

export const from = readBy(startOf, INSTANT_RULE)
  .optional()
  .describe("From this date on, or this time with its zone.");
export const to = readBy(instantOf, INSTANT_RULE)
  .optional()
  .describe("To the end of this date in UTC, or before this time.");

/** Which captures are listed, by query parameters. */
export const captureQuery = z.strictObject({
  route: text.optional(),
  rule: text.optional(),
  variant: text.optional(),
  decided: text.optional().describe("The variant that was decided on; a fallback may have answered."),
  run: text.optional().describe("Id of a rollout's run."),
  path: z.enum(["enriched", "bare"]).optional(),
  model: text.optional(),
  prompt_version: text.optional(),
  key: text.optional().describe("Name of the client's key."),
  user: text.optional().describe("OpenAI's `user`."),
  outcome: z.enum(CAPTURE_OUTCOMES).optional(),
  status: whole(100, 599).optional(),
  cached: yesOrNo.optional().describe("Did the response cache answer?"),
  simulated: yesOrNo.optional().describe("Did the built-in simulator answer?"),
  content: yesOrNo.optional().describe("Are the texts kept?"),
  from,
  to,
  q: text
    .max(LONGEST_SEARCH, `at most ${LONGEST_SEARCH} characters are expected`)
    .optional()
    .describe("Words that all stand in the query or the answer."),
  feedback: readBy(feedbackFilterOf, FEEDBACK_FILTER_RULE)
    .optional()
    .describe("NAME, NAME=VALUE or NAME>=NUMBER; the latest value of a name counts."),
  limit: whole(1, 100).default(20).describe("1 to 100. Default 20."),
  cursor: text.optional().describe("`next_cursor` of the page before."),
  order: z.enum(["newest", "oldest"]).default("newest").describe("Default newest first."),
});

/** Whose captures are deleted. Never everybody's: the user must be named. */
export const deletionQuery = z.strictObject({ user: text.describe("OpenAI's `user`.") });

/** Of which captures feedback is summed up. */
export const feedbackQuery = z.strictObject({ route: text.optional(), variant: text.optional(), from, to });

export function filterOf(query: z.infer<typeof captureQuery>): CaptureFilter {
  const { prompt_version, q, limit: _limit, cursor: _cursor, order: _order, ...same } = query;
  return { ...same, promptVersion: prompt_version, search: q };
}

export function pageOf({ limit, order, cursor }: z.infer<typeof captureQuery>): PageRequest {
  return { limit, order, cursor };
}
