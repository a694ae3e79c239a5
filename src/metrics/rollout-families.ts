import type { Rollout } from "../domain/rollout.ts";
import { counter, gauge } from "./families.ts";

/** Where a rollout stands, and what is known of it. */
export interface RolloutGauges {
  readonly rollout: string;
  readonly state: RolloutGaugeState;
  /** 0 to 100. */
  readonly percent: number;
  readonly shadowPercent: number;
  readonly isBlind: boolean;
  readonly guardrails: readonly {
    readonly guardrail: string;
    readonly logEvidence: number;
    readonly logThreshold: number;
  }[];
}

const STATES = ["none", "unknown", "running", "paused", "promoted", "rolled_back"] as const;
/** `none`: never started; `unknown`: the store has not told yet. */
export type RolloutGaugeState = (typeof STATES)[number];

/** What becomes of rollouts. */
export class RolloutFamilies {
  readonly #weight = gauge<"rollout">(
    "crossover_rollout_weight_percent",
    "Share of a rollout's requests that its candidate answers.",
  );
  readonly #shadow = gauge<"rollout">(
    "crossover_rollout_shadow_percent",
    "Share of the control's requests that its candidate is sent too.",
  );
  readonly #guardrail = gauge<"rollout" | "guardrail">(
    "crossover_rollout_guardrail",
    "Evidence that a candidate is worse than allowed: its logarithm by that of what is enough. 1: crossed.",
  );
  readonly #state = gauge<"rollout" | "state">(
    "crossover_rollout_state",
    "1 for the state that a rollout is in, 0 for the others; none: never started; unknown: the store has not told yet.",
  );
  readonly #blind = gauge<"rollout">(
    "crossover_rollout_blind",
    "1: a rollout's guardrails see nothing, as the store does not answer.",
  );
  readonly #observations = counter<"rollout" | "outcome">(
    "crossover_rollout_observations_total",
    "What was seen of requests, by what became of it: logged, or dropped as the store did not answer.",
  );
  readonly #changes = counter<"rollout" | "action">(
    "crossover_rollout_changes_total",
    "Changes of rollouts that this process made.",
  );
  readonly #webhooks = counter<"result">(
    "crossover_webhooks_total",
    "Webhooks by whether they were delivered.",
  );
  #configured: ReadonlyMap<string, Rollout> = new Map();
  #read: (() => readonly RolloutGauges[]) | undefined;

  /** Shows the rollouts of a new table. */
  use(rollouts: ReadonlyMap<string, Rollout>): void {
    this.#configured = rollouts;
  }

  /** @param read asked whenever the metrics are */
  watch(read: () => readonly RolloutGauges[]): void {
    this.#read = read;
  }

  observed(rollout: string, outcome: "logged" | "dropped", observations: number): void {
    this.#observations.series({ rollout, outcome }).add(observations);
  }

  changed(rollout: string, action: string): void {
    this.#changes.series({ rollout, action }).add(1);
  }

  webhookEnded(result: "delivered" | "failed"): void {
    this.#webhooks.series({ result }).add(1);
  }

  render(): string {
    const gauges = [this.#weight, this.#shadow, this.#guardrail, this.#state, this.#blind];
    for (const family of gauges) family.clear();
    for (const one of this.#read?.() ?? unstarted(this.#configured)) this.#show(one);
    const families = [...gauges, this.#observations, this.#changes, this.#webhooks];
    return families.map((family) => family.render()).join("\n");
  }

  #show({ rollout, state, percent, shadowPercent, isBlind, guardrails }: RolloutGauges): void {
    this.#weight.series({ rollout }).value = percent;
    this.#shadow.series({ rollout }).value = shadowPercent;
    this.#blind.series({ rollout }).value = isBlind ? 1 : 0;
    for (const one of STATES) this.#state.series({ rollout, state: one }).value = one === state ? 1 : 0;
    for (const { guardrail, logEvidence, logThreshold } of guardrails)
      this.#guardrail.series({ rollout, guardrail }).value = Number.isFinite(logEvidence)
        ? logEvidence / logThreshold
        : 0;
  }
}

/** Where nobody starts rollouts, each stands at its configured stage. */
function unstarted(rollouts: ReadonlyMap<string, Rollout>): readonly RolloutGauges[] {
  return [...rollouts.values()].map(({ name, policy, stage }) => ({
    rollout: name,
    state: "none",
    percent: policy.stages[stage]?.percent ?? 0,
    shadowPercent: 0,
    isBlind: false,
    guardrails: [],
  }));
}
