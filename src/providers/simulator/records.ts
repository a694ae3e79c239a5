import { randomBytes } from "node:crypto";
import { z } from "zod";
import { readText, type Shelf } from "./shelf.ts";

/** When something was made, for the order of lists: milliseconds since 1970, different for each. */
const at = z.number();
const unixSeconds = z.int();

export const fileRecord = z.object({
  at,
  id: z.string(),
  bytes: z.int(),
  created_at: unixSeconds,
  expires_at: unixSeconds.optional(),
  filename: z.string(),
  purpose: z.literal("fine-tune"),
});
export type FileRecord = Readonly<z.infer<typeof fileRecord>>;

const auto = z.literal("auto");
export const hyperparameters = z.object({
  n_epochs: z.union([auto, z.int().min(1).max(50)]).default("auto"),
  batch_size: z.union([auto, z.int().min(1).max(256)]).default("auto"),
  learning_rate_multiplier: z.union([auto, z.number().positive()]).default("auto"),
});
export type Hyperparameters = Readonly<z.infer<typeof hyperparameters>>;

const metrics = z.object({
  step: z.int(),
  train_loss: z.number(),
  valid_loss: z.number().optional(),
  full_valid_loss: z.number().optional(),
});

const checkpointRecord = z.object({
  id: z.string(),
  created_at: unixSeconds,
  fine_tuned_model_checkpoint: z.string(),
  step_number: z.int(),
  metrics,
});
export type CheckpointRecord = Readonly<z.infer<typeof checkpointRecord>>;

export const jobRecord = z.object({
  at,
  id: z.string(),
  created_at: unixSeconds,
  finished_at: unixSeconds.nullable(),
  status: z.enum(["validating_files", "queued", "running", "succeeded", "failed", "cancelled"]),
  model: z.string(),
  suffix: z.string(),
  training_file: z.string(),
  validation_file: z.string().nullable(),
  hyperparameters,
  seed: z.int(),
  metadata: z.record(z.string(), z.string()).nullable(),
  fine_tuned_model: z.string().nullable(),
  trained_tokens: z.int().nullable(),
  estimated_finish: unixSeconds.nullable(),
  error: z.object({ code: z.string(), message: z.string(), param: z.string().nullable() }).nullable(),
  checkpoints: z.array(checkpointRecord).readonly(),
});
export type JobRecord = Readonly<z.infer<typeof jobRecord>>;

export const eventRecord = z.object({
  id: z.string(),
  created_at: unixSeconds,
  level: z.enum(["info", "warn", "error"]),
  message: z.string(),
  type: z.enum(["message", "metrics"]),
  data: z.record(z.string(), z.unknown()),
});
export type EventRecord = Readonly<z.infer<typeof eventRecord>>;

export function isEnded({ status }: JobRecord): boolean {
  return status === "succeeded" || status === "failed" || status === "cancelled";
}

/** Such as `file-3f9a...`: letters and digits. */
export function newId(kind: "file-" | "ftjob-" | "ftevent-" | "ftckpt_"): string {
  return `${kind}${randomBytes(12).toString("hex")}`;
}

let lastAt = 0;

/** The time now, later than all before in this process. */
export function newAt(): number {
  lastAt = Math.max(Date.now(), lastAt + 1);
  return lastAt;
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** One of the records in a folder; undefined when there is none, or the name is none. */
export async function readRecord<T>(
  shelf: Shelf,
  folder: string,
  id: string,
  schema: z.ZodType<T>,
): Promise<T | undefined> {
  if (!/^[\w-]+$/.test(id)) return undefined;
  const text = await readText(shelf, `${folder}/${id}.json`);
  return text === undefined ? undefined : schema.parse(JSON.parse(text));
}

export async function writeRecord(
  shelf: Shelf,
  folder: string,
  record: { readonly id: string },
): Promise<void> {
  await shelf.write(`${folder}/${record.id}.json`, JSON.stringify(record));
}

/** All records of a folder, newest first. */
export async function listRecords<T extends { readonly at: number; readonly id: string }>(
  shelf: Shelf,
  folder: string,
  schema: z.ZodType<T>,
): Promise<readonly T[]> {
  const names = (await shelf.list(folder)).filter((name) => name.endsWith(".json"));
  const records = await Promise.all(
    names.map((name) => readRecord(shelf, folder, name.slice(0, -".json".length), schema)),
  );
  return records
    .filter((record) => record !== undefined)
    .sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
}
