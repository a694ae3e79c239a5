import { z } from "zod";
import { FirstEvents, firstEventsState, type Units } from "../../statistics/first-events.ts";
import { MEAN_STAKES, MeanBetting, meanBettingState } from "../../statistics/mean-betting.ts";
import { moreBets, smallestMeanSeen } from "../../statistics/requests-needed.ts";
import type { Gauge } from "./gauge.ts";
import { FRESH_EPOCH, type Seat, WHOLE_RUN } from "./seat.ts";

export const meanTestState = z.object({
  whole: meanBettingState,
  fresh: meanBettingState,
  seen: firstEventsState,
});

/**
 * Betting on means: most of alpha for the whole run, the rest for fresh epochs. Of a sticky unit the first value of the run
 * counts, and the first of each fresh epoch. In the whole run a unit that moved from the control to the candidate does not
 * count again, unlike with events: units that were there before would stand on the control's side more often than new
 * ones do, and a mean has no chance to be set right by.
 */
export class MeanTest {
  readonly #whole = new MeanBetting();
  readonly #fresh = new MeanBetting();
  readonly #seen: FirstEvents;
  readonly #gauge: Gauge;
  readonly #wholeWeight: number;
  readonly #freshWeight: number;

  /** @param weight its share of the gauge's alpha */
  constructor(units: Units, gauge: Gauge, weight: number) {
    this.#seen = new FirstEvents(units);
    this.#gauge = gauge;
    this.#wholeWeight = gauge.add(this.#whole, weight * WHOLE_RUN);
    this.#freshWeight = gauge.add(this.#fresh, weight * FRESH_EPOCH);
  }

  /** @param value 0 to 1; more is worse */
  add(value: number, seat: Seat): void {
    if (seat.share <= 0 || seat.share >= 1) return;
    if (this.#seen.isFirstEver(seat.unit)) {
      this.#whole.add(seat.side, value);
      this.#gauge.note(this.#whole, this.#wholeWeight);
    }
    if (!seat.isFresh || !this.#seen.isFirst(seat.unit, seat.epoch)) return;
    this.#fresh.add(seat.side, value);
    this.#gauge.note(this.#fresh, this.#freshWeight);
  }

  /** Values that come are measured in another way. */
  dropBlock(): void {
    this.#whole.dropBlock();
    this.#fresh.dropBlock();
  }

  /** A fresh epoch begins. */
  renew(): void {
    this.#fresh.reset();
  }

  /** The smallest difference of the means that would likely have been found by now, 0 to 1. */
  get smallestSeen(): number | undefined {
    return smallestMeanSeen(this.#whole.sums, MEAN_STAKES, this.#logNeeded);
  }

  /** More bets until a difference is likely found. */
  moreToSee(difference: number): number | undefined {
    return moreBets(this.#whole.sums, difference, MEAN_STAKES, this.#logNeeded);
  }

  get bets(): number {
    return this.#whole.sums.count;
  }

  state(): z.infer<typeof meanTestState> {
    return { whole: this.#whole.state(), fresh: this.#fresh.state(), seen: this.#seen.state() };
  }

  restore({ whole, fresh, seen }: z.infer<typeof meanTestState>): void {
    this.#whole.restore(whole);
    this.#fresh.restore(fresh);
    this.#seen.restore(seen);
  }

  get #logNeeded(): number {
    return this.#gauge.logThreshold - this.#wholeWeight + Math.log(MEAN_STAKES.length);
  }
}
