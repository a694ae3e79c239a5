import type { CompareSettings, Model, Variant } from "../domain/table.ts";
import type { CompareConfig } from "./compare-schema.ts";
import { type Defined, unknownName } from "./compile.ts";
import type { ConfigPath } from "./problem.ts";

const CONCURRENCY = 4;

/** The embedding model and the judge by their names. */
export function compileCompare(
  { embedding, judge, concurrency = CONCURRENCY }: CompareConfig = {},
  models: Defined<Model>,
  variants: Defined<Variant>,
  report: (path: ConfigPath, message: string) => void,
): CompareSettings {
  const model = embedding === undefined ? undefined : models.compiled.get(embedding);
  if (embedding !== undefined && !models.names.includes(embedding))
    report(["compare", "embedding"], unknownName("model", embedding, models.names));
  if (model !== undefined && model.endpoints.embeddings === undefined)
    report(
      ["compare", "embedding"],
      "its provider has no address for embeddings. Give a dedicated endpoint's address as the `model`",
    );
  const variant = judge === undefined ? undefined : variants.compiled.get(judge.variant);
  if (judge !== undefined && !variants.names.includes(judge.variant))
    report(["compare", "judge", "variant"], unknownName("variant", judge.variant, variants.names));
  return {
    embedding: model,
    judge: judge === undefined || variant === undefined ? undefined : { variant, rubric: judge.rubric },
    concurrency,
  };
}
