import type { Route, Use, Variant } from "../domain/table.ts";

/** Can a request in this route come to this variant: by one of its rules, or as a fallback of one of theirs? */
export function reaches(route: Route, name: string): boolean {
  return route.rules.some(({ use }) =>
    variantsOf(use).some((variant) => variant.name === name || variant.fallback.includes(name)),
  );
}

/** The variants that a rule chooses from. */
export function variantsOf(use: Use): readonly Variant[] {
  switch (use.kind) {
    case "variant":
      return [use.variant];
    case "split":
      return use.arms.map(({ variant }) => variant);
    case "rollout":
      return [use.rollout.control, use.rollout.candidate];
  }
}
