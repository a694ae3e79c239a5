import { z } from "zod";

const retention = z.strictObject({
  days: z
    .number()
    .positive()
    .max(36_500)
    .optional()
    .describe("Days after which captures are deleted. Default 90."),
  maxBytes: z
    .number()
    .int()
    .min(1024 * 1024)
    .max(2 ** 50)
    .optional()
    .describe("Most bytes of captures; the oldest are deleted. Default 10 GiB."),
});

export const store = z
  .union([
    z.literal(false),
    z.strictObject({
      url: z
        .string()
        .regex(
          /^(file:.+|postgres(ql)?:\/\/.+)?$/s,
          "expected file:PATH or postgres://USER:PASSWORD@HOST/DATABASE",
        )
        .refine((url) => !url.startsWith("postgres") || URL.canParse(url), "this is no URL")
        .optional()
        .describe(
          "file:PATH, relative to the working directory, or postgres://USER:PASSWORD@HOST/DATABASE. Empty or left out: the file crossover.db in the data folder.",
        ),
      retention: retention.optional().describe("How long captures are kept."),
    }),
  ])
  .describe("Where captures and what is made of them are kept; false: nowhere.");
