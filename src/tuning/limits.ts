import { z } from "zod";
import { badRequest } from "../domain/errors.ts";
import type { Provider } from "../domain/tuning.ts";
import type { TuningQuestion } from "./tuning.ts";

/** What a setting of a job may be, and that in words. */
export interface Limit<T> {
  readonly schema: z.ZodType<T>;
  readonly rule: string;
}

/** For the command and the admin API alike. What a provider itself refuses beyond that is its own to say. */
export const LIMITS = {
  epochs: { schema: z.int().min(1).max(50), rule: "must be a whole number from 1 to 50" },
  batchSize: { schema: z.int().min(1).max(256), rule: "must be a whole number from 1 to 256" },
  // Beyond a hundred times its own rate a model unlearns, and that is paid for too.
  learningRateMultiplier: {
    schema: z.number().positive().max(100),
    rule: "must be above 0 and at most 100",
  },
  seed: { schema: z.int().min(0).max(2_147_483_647), rule: "must be a whole number from 0 to 2147483647" },
  suffix: suffixOf(64),
  usdPerMillion: { schema: z.number().nonnegative(), rule: "must be 0 or more" },
} as const;

/** A part of a model's name. Azure's documentation gives these characters; they are safe everywhere. */
function suffixOf(most: number): Limit<string> {
  const rule = `must have 1 to ${most} characters, which are letters from a to z and A to Z, digits, _ or -`;
  return { schema: z.string().regex(new RegExp(`^[\\w-]{1,${most}}$`), rule), rule };
}

const AZURE_SUFFIX = suffixOf(40);

/**
 * @param kind of the provider, whose limits hold when it is rehearsed at the simulator too
 * @throws GatewayError 400 that names the member of the admin API
 */
export function requireInLimits(question: TuningQuestion, kind: Provider["kind"]): void {
  const { epochs, batchSize, learningRateMultiplier, seed, suffix, usdPerMillion } = question;
  requireFit(LIMITS.epochs, epochs, "hyperparameters.n_epochs");
  requireFit(LIMITS.batchSize, batchSize, "hyperparameters.batch_size");
  const rate = "hyperparameters.learning_rate_multiplier";
  requireFit(LIMITS.learningRateMultiplier, learningRateMultiplier, rate);
  requireFit(LIMITS.seed, seed, "seed");
  requireFit(kind === "azure-openai" ? AZURE_SUFFIX : LIMITS.suffix, suffix, "suffix");
  requireFit(LIMITS.usdPerMillion, usdPerMillion, "usd_per_million");
}

function requireFit<T>({ schema, rule }: Limit<T>, value: T | undefined, param: string): void {
  if (value !== undefined && !schema.safeParse(value).success)
    throw badRequest("invalid_value", `\`${param.replace(/^.*\./, "")}\` ${rule}.`, param);
}
