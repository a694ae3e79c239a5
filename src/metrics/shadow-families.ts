import { counter } from "./families.ts";

/** What became of a request that was to be shadowed. */
export type ShadowOutcome = "compared" | "dropped" | "failed" | "over_budget";

/** What shadowing does. */
export class ShadowFamilies {
  readonly #requests = counter<"rollout" | "outcome">(
    "crossover_shadow_total",
    "Requests that a rollout's candidate was to be sent too, by what became of it.",
  );
  readonly #cost = counter<"rollout">(
    "crossover_shadow_cost_usd_total",
    "What shadowing cost, its judge included.",
  );

  ended(rollout: string, outcome: ShadowOutcome, requests = 1): void {
    this.#requests.series({ rollout, outcome }).add(requests);
  }

  spent(rollout: string, usd: number): void {
    this.#cost.series({ rollout }).add(usd);
  }

  render(): string {
    return `${this.#requests.render()}\n${this.#cost.render()}`;
  }
}
