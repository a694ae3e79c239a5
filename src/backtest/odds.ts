import type { Arm, Table } from "../domain/table.ts";
import type { Odds } from "../statistics/logged-row.ts";
import type { StoredCapture } from "../store/store.ts";
import { actionBy, actionOf } from "./action.ts";
import { type KeptRule, oddsOf } from "./rule-set.ts";

/** Odds that differ by less are the same. */
const ROUNDING = 1e-6;

/** How each variant asked, under each configuration that requests were decided by. */
export class Recipes {
  readonly #seen = new Map<string, string>();
  readonly #current: Table;

  constructor(current: Table) {
    this.#current = current;
  }

  learn({ variant, tableVersion, recipe }: StoredCapture): void {
    const name = JSON.stringify([variant, tableVersion]);
    if (!this.#seen.has(name)) this.#seen.set(name, recipe);
  }

  /** What a variant was then; where nobody saw it, what it is now. */
  actionOf(variant: string, { tableVersion }: Pick<StoredCapture, "tableVersion">): string {
    const seen = this.#seen.get(JSON.stringify([variant, tableVersion]));
    return actionOf(variant, seen ?? this.#current.variants.get(variant)?.recipe.version ?? "");
  }
}

/**
 * With which odds each action was chosen for a captured request, the one that was chosen among them.
 * @param rules of its route then, as far as they are known
 */
export function loggedOdds(
  capture: Pick<StoredCapture, "decided" | "propensity" | "rule" | "tableVersion">,
  rules: readonly KeptRule[],
  recipes: Recipes,
): { readonly action: string; readonly odds: Odds } {
  const { decided, propensity, rule } = capture;
  const use = rules.find(({ name }) => name === rule)?.use;
  const then = use && oddsOf(use, decided, propensity);
  // Rules of the same name that gave it other odds are not those by which it was decided.
  const isKnown = then !== undefined && Math.abs((then.get(decided) ?? 0) - propensity) < ROUNDING;
  const odds = new Map(isKnown ? then : undefined).set(decided, propensity);
  const named = [...odds].map(([variant, share]) => [recipes.actionOf(variant, capture), share] as const);
  return { action: recipes.actionOf(decided, capture), odds: new Map(named) };
}

export function targetOdds(arms: readonly Arm[]): Odds {
  return new Map(arms.map(({ variant, share }) => [actionBy(variant), share]));
}
