import { createHash } from "node:crypto";
import type { Rollout } from "../domain/rollout.ts";
import type { Variant } from "../domain/table.ts";
import { stickyLabel } from "../routing/choose.ts";

/**
 * What a verdict on a rollout is about, as a hash of 16 hexadecimal digits: what both variants send to which models, who
 * stays together, and how it is judged. Stages, shadowing and what follows a verdict are none of it.
 */
export function fingerprintOf({ control, candidate, sticky, policy }: Rollout): string {
  const { guardrails, alpha, proof, adaptive } = policy;
  const what = {
    control: answererOf(control),
    candidate: answererOf(candidate),
    sticky: sticky && stickyLabel(sticky),
    guardrails,
    alpha,
    proof,
    adaptive,
  };
  return createHash("sha256").update(JSON.stringify(what)).digest("hex").slice(0, 16);
}

/** The recipe names the model as its provider does. */
function answererOf({ recipe, model: { provider, kind }, hedgeMs }: Variant): object {
  return { recipe: recipe.version, provider, kind, hedgeMs };
}
