import { z } from "zod";
import { FEEDBACK_NAME, FEEDBACK_NAME_RULE } from "../src/domain/name.ts";

/** Of a value that is a text, of a correction, of a comment: in bytes of UTF-8. */
const TEXT_BYTES = 16 * 1024;
const CORRECTION_BYTES = 256 * 1024;
const COMMENT_BYTES = 4 * 1024;

/** Types of the names that are understood everywhere. A thumb that is a text would count as none. */
const TYPES: ReadonlyMap<string, "boolean" | "number" | "string"> = new Map([
  ["thumbs", "boolean"],
  ["score", "number"],
  ["label", "string"],
  ["correction", "string"],
]);
const TYPES_RULE = "`thumbs` takes true or false, `score` a number, `label` and `correction` a text";

/** An outcome for an earlier request. */
export const newFeedback = z
  .strictObject({
    request_id: z.string().min(1).max(128).describe("`x-crossover-request-id` of the request's answer."),
    name: z
      .string()
      .regex(FEEDBACK_NAME, FEEDBACK_NAME_RULE)
      .describe(
        "What it tells: `thumbs`, `score`, `label`, `correction` (a better answer's text), or another name.",
      ),
    value: z
      .union([z.number(), z.boolean(), z.string().min(1)], {
        error: "a number, true or false, or a text that is not empty is expected",
      })
      .describe(`${TYPES_RULE}; other names take any of these.`),
    comment: z
      .string()
      .refine(
        (text) => Buffer.byteLength(text) <= COMMENT_BYTES,
        `at most ${COMMENT_BYTES} bytes are expected`,
      )
      .optional(),
  })
  .refine(({ name, value }) => typeof value === (TYPES.get(name) ?? typeof value), {
    path: ["value"],
    error: TYPES_RULE,
  })
  .refine(({ name, value }) => typeof value !== "string" || Buffer.byteLength(value) <= longestOf(name), {
    path: ["value"],
    error: `at most ${TEXT_BYTES} bytes are expected, of a correction at most ${CORRECTION_BYTES}`,
  });

function longestOf(name: string): number {
  return name === "correction" ? CORRECTION_BYTES : TEXT_BYTES;
}

/** Feedback as it is answered. */
export const shownFeedback = z.object({
  object: z.literal("crossover.feedback"),
  id: z.string(),
  request_id: z.string(),
  name: z.string(),
  value: z.union([z.number(), z.boolean(), z.string()]),
  comment: z.string().nullable(),
  created_at: z.iso.datetime(),
});
