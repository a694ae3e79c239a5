import { z } from "zod";
import { INSTANT_RULE, instantOf } from "../../src/domain/instant.ts";
import { NAME, NAME_RULE } from "../../src/domain/name.ts";

const LONGEST_OVERLAP_SECONDS = 30 * 86_400;

const name = z.string().regex(NAME, NAME_RULE);

const whole = z.int().min(1).max(1e12);
const usd = z.number().positive().max(1e6);

const limits = z
  .strictObject({
    requests_per_minute: whole.optional(),
    tokens_per_minute: whole.optional(),
    concurrent_streams: whole.optional(),
    usd_per_day: usd.optional(),
    usd_per_month: usd.optional(),
  })
  .describe("What it may take at most; what is missing is not limited.");

const shownLimits = z.object({
  requests_per_minute: whole.nullable(),
  tokens_per_minute: whole.nullable(),
  concurrent_streams: whole.nullable(),
  usd_per_day: usd.nullable(),
  usd_per_month: usd.nullable(),
});

/** The body that creates a key. */
export const newKey = z.strictObject({
  name: name.describe("Unique; also against keys that were revoked."),
  tags: z
    .array(
      z
        .string()
        .min(1)
        .max(64)
        .regex(/^[^\p{Cc}]*$/u, "a tag has no control characters"),
    )
    .max(64)
    .default([])
    .describe("For conditions."),
  routes: z.array(name).max(1000).optional().describe("Routes that it may use. Default: all."),
  force_variant: z.boolean().default(false).describe("May it choose a variant with x-crossover-variant?"),
  admin: z.boolean().default(false).describe("May it use the admin API?"),
  capture: z.boolean().default(true).describe("May its requests be captured?"),
  limits: limits.optional(),
  expires_at: z
    .string()
    .refine((text) => instantOf(text) !== undefined, INSTANT_RULE)
    .optional()
    .describe("A date, of which the end in UTC is meant, or a time with its zone. Default: never."),
});

/** The body that rotates one. */
export const rotation = z.strictObject({
  overlap_seconds: z
    .int()
    .min(0)
    .max(LONGEST_OVERLAP_SECONDS)
    .default(0)
    .describe("For how long the old secret stays good. Default 0: it ends at once."),
});

const time = z.iso.datetime().nullable();

/** A key as the admin API shows it. */
export const shownKey = z.object({
  object: z.literal("crossover.key"),
  name: z.string(),
  tags: z.array(z.string()),
  routes: z.array(z.string()).nullable().describe("Null: all."),
  force_variant: z.boolean(),
  admin: z.boolean(),
  capture: z.boolean(),
  limits: shownLimits.nullable(),
  source: z.enum(["configuration", "created"]),
  hint: z.string().nullable().describe("The secret's end, where it is known."),
  created_at: time,
  expires_at: time,
  revoked: z.boolean(),
  shadowed: z.boolean().describe("Has the configuration a key of the same name, which takes its place?"),
});

/** A key with its secret. */
export const issuedKey = shownKey.extend({ secret: z.string().describe("Told here and never again.") });

export const keyList = z.object({ object: z.literal("list"), data: z.array(shownKey) });
