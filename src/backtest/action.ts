import type { Variant } from "../domain/table.ts";

/**
 * What is done with a request: the variant, and how it asks. A variant whose prompt was edited is another one to those
 * who want to know how good its answers are.
 * @param recipe the version of its recipe
 */
export function actionOf(variant: string, recipe: string): string {
  return `${variant}\n${recipe}`;
}

export function actionBy({ name, recipe }: Variant): string {
  return actionOf(name, recipe.version);
}

export function variantIn(action: string): string {
  return action.slice(0, action.indexOf("\n"));
}
