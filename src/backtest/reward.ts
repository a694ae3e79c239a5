import type { Interval } from "../domain/statistics.ts";
import type { StoredCapture } from "../store/store.ts";

/** What is to be had more of. */
export type Reward =
  /** The variant that was decided on answered. */
  { readonly kind: "success" } | { readonly kind: "feedback"; readonly name: string };

/** Why a request says nothing of a reward. */
export type Unrewarded = "cached" | "client_closed" | "not_rated";

const SHARE: Interval = { low: 0, high: 1 };

export function rewardName(reward: Reward): string {
  return reward.kind === "success" ? "success" : reward.name;
}

/**
 * What a request brought: of success 0 or 1, of feedback its latest value, with true as 1 and false as 0. That a
 * fallback had to answer is a failure of the variant that was decided on.
 */
export function rewardOf(capture: StoredCapture, reward: Reward): number | Unrewarded {
  const { cached, outcome, variant, decided, feedback } = capture;
  if (cached) return "cached";
  switch (reward.kind) {
    case "success":
      if (outcome === "client_closed") return "client_closed";
      return outcome === "success" && variant === decided ? 1 : 0;
    case "feedback": {
      const value = feedback.findLast(({ name }) => name === reward.name)?.value;
      return value === undefined || typeof value === "string" ? "not_rated" : Number(value);
    }
  }
}

/** Between which rewards lie: 0 and 1 where all do, else their least and their largest. */
export function rangeOf(rewards: readonly number[]): Interval {
  const range = rewards.reduce<Interval>(
    ({ low, high }, reward) => ({ low: Math.min(low, reward), high: Math.max(high, reward) }),
    { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY },
  );
  return range.low >= SHARE.low && range.high <= SHARE.high ? SHARE : range;
}
