import { z } from "zod";

const sample = z.number().min(0).max(1);

/** Without descriptions: its places have their own. */
export const capture = z.union([
  z.boolean(),
  sample,
  z.strictObject({
    sample: sample
      .optional()
      .describe(
        "Share of the requests that are kept with their texts; of the others facts alone. Default 1.",
      ),
    errors: z.boolean().optional().describe("Keep the texts of all that fail. Default true."),
  }),
]);

export type CaptureConfig = z.infer<typeof capture>;
