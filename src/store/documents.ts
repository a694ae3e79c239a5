import { z } from "zod";
import {
  CAPTURE_OUTCOMES,
  type Capture,
  type CapturedCall,
  type Feedback,
  type Recipe,
  type UsageHour,
} from "../domain/capture.ts";
import { metadataMode } from "../domain/provider.ts";
import type { ComparisonRow, StoredComparison } from "./store.ts";

/** JSON leaves out what is undefined. */
const absent = <T extends z.ZodType>(schema: T) =>
  schema
    .nullish()
    .default(null)
    .transform((value) => value ?? undefined);

const text = z.string();
const optional = absent(z.string());
const number = z.number();
const count = z.int().min(0);
const instant = z.int().min(0).max(8.64e15);
const path = z.enum(["enriched", "bare"]);

export const recipeDocument: z.ZodType<Recipe> = z.strictObject({
  version: text,
  prompt: absent(
    z.strictObject({
      name: text,
      version: text,
      system: optional,
      literalExamples: z.boolean(),
      examples: z.array(z.strictObject({ role: z.enum(["user", "assistant"]), text })),
      cue: optional,
      merge: z.enum(["prepend", "append", "replace"]),
    }),
  ),
  params: z.record(z.string(), z.string()),
  bare: z.enum(["strip-system", "keep"]),
  upstreamModel: text,
  streamUsage: z.boolean(),
  metadata: metadataMode,
});

const contentDocument = z.strictObject({
  request: text,
  query: text,
  answer: optional,
  answerText: text,
  finishReason: optional,
  truncated: z.boolean(),
});

export const callDocument: z.ZodType<CapturedCall> = z.strictObject({
  variant: text,
  model: text,
  outcome: text,
  status: absent(count),
  startedMs: number,
  durationMs: number,
  hedge: z.boolean(),
  note: optional,
});

export const captureDocument: z.ZodType<Capture> = z.strictObject({
  id: text.min(1),
  at: instant,
  route: text,
  rule: text,
  variant: text,
  decided: text,
  path,
  model: text,
  provider: text,
  propensity: number,
  stickyBy: optional,
  stickyKey: optional,
  rollout: optional,
  stage: absent(count),
  run: optional,
  epoch: absent(count),
  share: absent(number),
  tableVersion: optional,
  key: optional,
  user: optional,
  metadata: z.record(z.string(), z.string()),
  status: count,
  outcome: z.enum(CAPTURE_OUTCOMES),
  errorCode: optional,
  attempts: count,
  // An export of a version that did not keep them has none.
  calls: z.array(callDocument).default([]),
  stream: z.boolean(),
  cached: z.boolean(),
  simulated: z.boolean(),
  inputTokens: absent(count),
  cachedInputTokens: absent(count),
  outputTokens: absent(count),
  addedTokens: number,
  costUsd: absent(number),
  firstTokenMs: absent(number),
  durationMs: number,
  prompt: optional,
  promptVersion: optional,
  recipe: text,
  content: absent(contentDocument),
});

export const feedbackDocument: z.ZodType<Feedback> = z.strictObject({
  id: text.min(1),
  requestId: text.min(1),
  name: text,
  value: z.union([z.number(), z.boolean(), z.string()]),
  comment: optional,
  key: optional,
  at: instant,
});

export const usageDocument: z.ZodType<UsageHour> = z.strictObject({
  hour: instant,
  route: text,
  variant: text,
  path,
  model: text,
  promptVersion: optional,
  requests: count,
  errors: count,
  failures: count,
  cached: count,
  priced: count,
  inputTokens: count,
  cachedInputTokens: count,
  outputTokens: count,
  addedTokens: number,
  costUsd: number,
  costUsdSquares: number,
  durationMs: number,
});

export const comparisonDocument: z.ZodType<StoredComparison & { readonly rows: readonly ComparisonRow[] }> =
  z.strictObject({
    id: text.min(1),
    at: instant,
    route: optional,
    variants: z.array(text),
    summary: text,
    rows: z.array(z.strictObject({ index: count, captureId: optional, user: optional, document: text })),
  });

/** A recipe as JSON. */
export function parseRecipe(json: string): Recipe {
  return recipeDocument.parse(JSON.parse(json));
}
