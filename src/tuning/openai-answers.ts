import { z } from "zod";

/**
 * What OpenAI and Azure answer, as far as it is read. More is optional here than in OpenAI's description of its API: Azure leaves
 * out what it has not got, and has states of its own.
 */
export const fileAnswer = z.object({
  id: z.string(),
  filename: z.string(),
  /** Azure does not know it before the file is imported. */
  bytes: z.number().nullish(),
  status: z.string().nullish(),
  status_details: z.string().nullish(),
  created_at: z.number().nullish(),
});
export type FileAnswer = z.infer<typeof fileAnswer>;

const jobError = z.looseObject({
  code: z.string().nullish(),
  message: z.string().nullish(),
  param: z.string().nullish(),
});
export type JobError = z.infer<typeof jobError>;

/** `auto` until they are chosen. */
const hyperparameters = z.object({ n_epochs: z.int().positive().optional().catch(undefined) });

export const jobAnswer = z.object({
  id: z.string(),
  status: z.string(),
  created_at: z.number().nullish(),
  training_file: z.string().nullish(),
  fine_tuned_model: z.string().nullish(),
  estimated_finish: z.number().nullish(),
  trained_tokens: z.number().nullish(),
  hyperparameters: hyperparameters.nullish().catch(undefined),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  /** An empty object while nothing is wrong. */
  error: jobError.nullish(),
});
export type JobAnswer = z.infer<typeof jobAnswer>;

const loss = z.number().nullish().catch(undefined);

export const eventAnswer = z.object({
  id: z.string(),
  created_at: z.number(),
  message: z.string(),
  type: z.string().nullish(),
  /** Of an event with metrics; others have what they like. */
  data: z
    .object({
      step: z.int().nullish(),
      total_steps: z.int().nullish(),
      train_loss: loss,
      valid_loss: loss,
      /** Over the whole validation file, at the end of an epoch. */
      full_valid_loss: loss,
    })
    .nullish()
    .catch(undefined),
});
export type EventAnswer = z.infer<typeof eventAnswer>;

export const checkpointAnswer = z.object({
  id: z.string(),
  step_number: z.int(),
  fine_tuned_model_checkpoint: z.string(),
});

/** One page of a list. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ data: z.array(item), has_more: z.boolean().nullish() });
