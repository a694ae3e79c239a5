import { z } from "zod";
import { NAME, NAME_RULE } from "../domain/name.ts";

const name = z.string().regex(NAME, NAME_RULE);

export const compare = z
  .strictObject({
    embedding: name
      .optional()
      .describe("One of `models`, which makes embeddings. Without one, likeness in meaning is not measured."),
    judge: z
      .strictObject({
        variant: name.describe("One of `variants`, best one without a prompt."),
        rubric: z
          .string()
          .min(1)
          .max(20_000)
          .describe("What makes an answer good, in words for the judge to read."),
      })
      .optional()
      .describe("A model that tells which of two answers is better."),
    concurrency: z.number().int().min(1).max(64).optional().describe("Most calls at a time. Default 4."),
  })
  .describe("How variants are compared.");

export type CompareConfig = z.infer<typeof compare>;
