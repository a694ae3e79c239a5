import { z } from "zod";
import { badRequest } from "../../domain/errors.ts";
import {
  type CheckpointRecord,
  type EventRecord,
  type FileRecord,
  hyperparameters,
  type JobRecord,
} from "./records.ts";

const method = z.object({
  type: z.literal("supervised"),
  supervised: z.object({ hyperparameters: hyperparameters.nullish() }).nullish(),
});

/** What a request for a job may say. What the simulator can't do is refused, not passed over. */
export const jobRequest = z.object({
  model: z
    .string()
    .min(1)
    .max(256)
    .refine((model) => !model.startsWith("ft:"), "the simulator can't train a tuned model further"),
  training_file: z.string(),
  validation_file: z.string().nullish(),
  suffix: z.string().min(1).max(64).nullish(),
  seed: z.int().min(0).max(2_147_483_647).nullish(),
  metadata: z.record(z.string().max(64), z.string().max(512)).nullish(),
  hyperparameters: hyperparameters.nullish(),
  method: method.nullish(),
  integrations: z.array(z.unknown()).max(0, "the simulator has none").nullish(),
});

export const uploadRequest = z.object({
  purpose: z.literal("fine-tune", "the simulator keeps files for fine-tuning only: `fine-tune`"),
  "expires_after[anchor]": z.literal("created_at").optional(),
  "expires_after[seconds]": z.coerce.number().int().min(3600).max(2_592_000).optional(),
});

/** @throws GatewayError 400 that names the first field that does not fit */
export function parseAs<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const param = issue?.path.map(String).join(".") || undefined;
  throw badRequest("invalid_value", `Invalid value for '${param}': ${issue?.message ?? "invalid"}`, param);
}

export function fileJson({ at: _, ...file }: FileRecord) {
  return { object: "file", ...file, status: "processed" };
}

export function jobJson({ at: _, suffix, checkpoints: __, ...job }: JobRecord) {
  return {
    object: "fine_tuning.job",
    ...job,
    user_provided_suffix: suffix === "" ? null : suffix,
    organization_id: "org-crossover",
    result_files: [],
    integrations: [],
    method: { type: "supervised", supervised: { hyperparameters: job.hyperparameters } },
  };
}

export function eventJson(event: EventRecord) {
  return { object: "fine_tuning.job.event", ...event };
}

export function checkpointJson(jobId: string, checkpoint: CheckpointRecord) {
  return { object: "fine_tuning.job.checkpoint", ...checkpoint, fine_tuning_job_id: jobId };
}

const limitSchema = z.coerce.number().int().min(1);

/**
 * The page that a query's `after` and `limit` ask for.
 * @throws GatewayError 400 for an `after` that is none of them, and a `limit` that is too high
 */
export function pageOf<T extends { readonly id: string }>(
  items: readonly T[],
  query: URLSearchParams,
  limits: { readonly default: number; readonly most: number },
) {
  const after = query.get("after");
  const limit = parseAs(z.object({ limit: limitSchema.max(limits.most).default(limits.default) }), {
    limit: query.get("limit") ?? undefined,
  }).limit;
  const place = after === null ? -1 : items.findIndex(({ id }) => id === after);
  if (after !== null && place === -1)
    throw badRequest("invalid_value", `Invalid value for 'after': there is no ${after}`, "after");
  const data = items.slice(place + 1, place + 1 + limit);
  return {
    object: "list",
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: place + 1 + limit < items.length,
  };
}
