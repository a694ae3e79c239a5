import { z } from "zod";

export type Flavour = "openai" | "azure";

/** How the next jobs go. */
export type Plan =
  | { readonly ends: "succeeded" }
  | {
      readonly ends: "failed";
      /** While its files are looked at, or once it was trained. */
      readonly at: "validation" | "end";
      readonly error: { readonly code: string; readonly message: string; readonly param: string | null };
    };

export interface StateOptions {
  readonly flavour: Flavour;
  /** Steps of a training, and those that one advance makes. */
  readonly steps: number;
  readonly stepsPerAdvance: number;
  /** How often a file of Azure must be asked for until it is imported. */
  readonly importPolls: number;
  /** Rows that a training file must have. */
  readonly minimumRows: number;
}

export interface StoredFile {
  readonly id: string;
  readonly filename: string;
  readonly purpose: string;
  readonly created_at: number;
  readonly content: string;
  readonly bytes: number;
  status: "pending" | "processed" | "error";
  status_details: string | undefined;
  pollsLeft: number;
}

export interface StoredJob {
  readonly id: string;
  readonly created_at: number;
  readonly request: JobRequest;
  readonly plan: Plan;
  status: string;
  step: number;
  finished_at: number | null;
  fine_tuned_model: string | null;
  error: { code: string; message: string; param: string | null } | null;
  /** Oldest first. */
  readonly events: StoredEvent[];
  readonly checkpoints: Readonly<Record<string, unknown> & { id: string }>[];
}

export interface StoredEvent {
  readonly object: "fine_tuning.job.event";
  readonly id: string;
  readonly created_at: number;
  readonly level: "info" | "error";
  readonly message: string;
  readonly type: "message" | "metrics";
  readonly data: Readonly<Record<string, unknown>>;
}

/** An answer other than what was asked for. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string | null;
  readonly param: string | null;

  constructor(status: number, code: string | null, message: string, param: string | null = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = param;
  }
}

const epochs = z.int().min(1).max(50);
const batch = z.int().min(1).max(256);
const multiplier = z.number().positive();

const numbers = z.strictObject({
  n_epochs: epochs.optional(),
  batch_size: batch.optional(),
  learning_rate_multiplier: multiplier.optional(),
});
const auto = z.literal("auto");
const hyperparameters = z.strictObject({
  n_epochs: epochs.or(auto).optional(),
  batch_size: batch.or(auto).optional(),
  learning_rate_multiplier: multiplier.or(auto).optional(),
});

export const datedRequest = z.strictObject({
  model: z.string(),
  training_file: z.string(),
  validation_file: z.string().optional(),
  suffix: z
    .string()
    .regex(/^[\w-]{1,40}$/)
    .optional(),
  seed: z.int().optional(),
  hyperparameters: numbers.optional(),
});

export const request = datedRequest.extend({
  suffix: z.string().min(1).max(64).optional(),
  hyperparameters: hyperparameters.optional(),
  method: z
    .strictObject({
      type: z.literal("supervised"),
      supervised: z.strictObject({ hyperparameters: hyperparameters.optional() }).optional(),
    })
    .optional(),
  metadata: z.record(z.string().max(64), z.string().max(512)).optional(),
});
export type JobRequest = z.infer<typeof request>;

export const TRAINED: Readonly<Record<Flavour, RegExp>> = {
  openai:
    /^(gpt-4\.1(-mini|-nano)?-2025-04-14|gpt-4o-2024-08-06|gpt-4o-mini-2024-07-18|gpt-3\.5-turbo-0125|ft:.+)$/,
  azure:
    /^(gpt-4\.1(-mini|-nano)?-2025-04-14|gpt-4o-2024-08-06|gpt-4o-mini-2024-07-18|gpt-35-turbo-0125|.+\.ft-.+)$/,
};
