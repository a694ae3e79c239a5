import { z } from "zod";
import type { AdaptiveSettings } from "../domain/rollout.ts";
import type { Sums } from "../domain/statistics.ts";
import { probabilityBetter, rewardOf } from "../statistics/bandit.ts";
import { BestArm, bestArmState } from "../statistics/best-arm.ts";
import { FirstEvents, firstEventsState, type Units } from "../statistics/first-events.ts";
import type { Seat } from "./guardrails/seat.ts";
import type { FeedbackObservation, RequestObservation } from "./observation.ts";
import type { AdaptiveSummary } from "./run.ts";

export const rewardsState = z.object({ arm: bestArmState, seen: firstEventsState });

/** What the adaptive mode has learned of the sides' rewards: of a sticky unit's only the first, as with events. */
export class RewardSums {
  readonly #settings: AdaptiveSettings;
  readonly #arm: BestArm;
  readonly #seen: FirstEvents;

  constructor(settings: AdaptiveSettings, units: Units) {
    this.#settings = settings;
    this.#arm = new BestArm(settings.confidence);
    this.#seen = new FirstEvents(units);
  }

  request({ error, invalid, censored }: RequestObservation, seat: Seat): void {
    if (censored) return;
    if (this.#settings.reward.kind === "success") this.#add(error || invalid === true ? 0 : 1, seat);
  }

  feedback({ feedback, value }: FeedbackObservation, seat: Seat): void {
    const { reward } = this.#settings;
    if (reward.kind === "feedback" && reward.feedback === feedback)
      this.#add(rewardOf(value, reward.low, reward.high), seat);
  }

  summary(): AdaptiveSummary {
    const { control, candidate, best } = this.#arm;
    return {
      control: meanOf(control),
      candidate: meanOf(candidate),
      probabilityBetter: probabilityBetter(this.#settings.reward.kind, { control, candidate }),
      best,
    };
  }

  state(): z.infer<typeof rewardsState> {
    return { arm: this.#arm.state(), seen: this.#seen.state() };
  }

  restore({ arm, seen }: z.infer<typeof rewardsState>): void {
    this.#arm.restore(arm);
    this.#seen.restore(seen);
  }

  #add(reward: number, { unit, side, share }: Seat): void {
    const chance = this.#seen.chance(unit, side, share);
    if (chance > 0) this.#arm.observe(side, reward, chance);
  }
}

function meanOf({ count, sum }: Sums): { readonly count: number; readonly mean: number | undefined } {
  return { count, mean: count === 0 ? undefined : sum / count };
}
