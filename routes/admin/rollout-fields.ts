import { z } from "zod";
import { limitOf } from "../query.ts";

const MOST_REASON = 1000;

const reason = z
  .string()
  .regex(/\S/, "a text is expected")
  .max(MOST_REASON)
  .optional()
  .describe("Why, for the audit trail.");

export const change = z.strictObject({ reason });
export const beginning = z.strictObject({
  reason,
  stage: z.int().min(0).optional().describe("Where it begins, counted from 0. Default: the first."),
});
export const weight = z.strictObject({
  reason,
  percent: z.number().min(0).max(100).describe("Of the candidate."),
});

export const changesQuery = z.strictObject({
  limit: limitOf("changes"),
  before: z
    .string()
    .regex(/^\d{1,15}$/, "milliseconds since 1970 are expected")
    .transform(Number)
    .optional()
    .describe("Only those before this time, in milliseconds since 1970."),
});
export const runsQuery = z.strictObject({ limit: limitOf("runs") });
