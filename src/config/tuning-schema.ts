import { z } from "zod";
import { NAME, NAME_RULE } from "../domain/name.ts";

export const tuning = z
  .strictObject({
    provider: z
      .string()
      .regex(NAME, NAME_RULE)
      .optional()
      .describe(
        "One of `providers`: the default of new jobs, and whose files and jobs `/v1/files` and `/v1/fine_tuning` mean.",
      ),
    replaceLive: z
      .boolean()
      .optional()
      .describe("May a job point a variant of this configuration at the model it made? Default false."),
    pollSeconds: z
      .number()
      .min(0.01)
      .max(3600)
      .optional()
      .describe("How often a provider is asked how far a job is, in seconds. Default 10."),
    deadlineHours: z
      .number()
      .positive()
      .max(8760)
      .optional()
      .describe("A job that takes more hours has failed. Default 72."),
    evaluationRows: z
      .number()
      .int()
      .min(1)
      .max(10_000)
      .optional()
      .describe("Most rows of the validation file on which the tuned model is compared. Default 200."),
    datasets: z
      .array(z.string().min(1))
      .optional()
      .describe(
        "Folders of which the admin API takes data sets, relative to the working directory. Default: any path on the gateway's machine.",
      ),
  })
  .describe("How models are fine-tuned.");

export type TuningConfig = z.infer<typeof tuning>;
