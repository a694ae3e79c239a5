import { createHash } from "node:crypto";
import type { Recipe } from "../domain/capture.ts";
import type { Shaping } from "../domain/table.ts";

/** All that turns a client's request into an upstream's, with a hash of it as its version. */
export function compileRecipe({ prompt, params, bare, model }: Shaping): Recipe {
  const { target } = model;
  const rest = {
    prompt: prompt?.source,
    params,
    bare,
    upstreamModel: target.model,
    streamUsage: target.streamUsage,
    metadata: target.metadata,
  };
  return { version: createHash("sha256").update(JSON.stringify(rest)).digest("hex").slice(0, 16), ...rest };
}
