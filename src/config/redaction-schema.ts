import { z } from "zod";
import { PERSONAL_KINDS } from "../domain/redactor.ts";

const pattern = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "a name has 1 to 32 small letters, digits or dashes")
    .describe("Stands in place of what was found, as [redacted:NAME]."),
  match: z.string().min(1).describe("A regular expression (RE2), matched within a line."),
});

export const redaction = z
  .strictObject({
    pii: z
      .array(z.enum(PERSONAL_KINDS))
      .optional()
      .describe("Kinds of personal data to replace in what is stored. Default: none."),
    patterns: z.array(pattern).optional().describe("Patterns of your own to replace in what is stored."),
  })
  .describe("What is replaced before anything is stored. Keys, tokens and passwords always are.");

export type RedactionConfig = z.infer<typeof redaction>;
