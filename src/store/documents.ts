import { z } from "zod";
import type { Recipe } from "../domain/capture.ts";
import { metadataMode } from "../domain/provider.ts";

/** JSON leaves out what is undefined. */
const absent = <T extends z.ZodType>(schema: T) =>
  schema
    .nullable()
    .default(null)
    .transform((value) => value ?? undefined);

const recipe = z.strictObject({
  version: z.string(),
  prompt: absent(
    z.strictObject({
      name: z.string(),
      version: z.string(),
      system: absent(z.string()),
      literalExamples: z.boolean(),
      examples: z.array(z.strictObject({ role: z.enum(["user", "assistant"]), text: z.string() })),
      cue: absent(z.string()),
      merge: z.enum(["prepend", "replace", "append"]),
    }),
  ),
  params: z.record(z.string(), z.string()),
  bare: z.enum(["strip-system", "keep"]),
  upstreamModel: z.string(),
  streamUsage: z.boolean(),
  metadata: metadataMode,
});

/** A recipe as JSON. */
export function parseRecipe(text: string): Recipe {
  return recipe.parse(JSON.parse(text));
}
