import { z } from "zod";
import { bettingState } from "../../statistics/betting.ts";
import { FirstEvents, firstEventsState } from "../../statistics/first-events.ts";
import { PAIR_STAKES, PairedBetting } from "../../statistics/paired-betting.ts";
import { moreBets, smallestMeanSeen } from "../../statistics/requests-needed.ts";
import type { PairObservation } from "../observation.ts";
import { type Facts, Guard, type GuardSettings } from "./guard.ts";
import { FRESH_EPOCH, type Seat, WHOLE_RUN } from "./seat.ts";
import { rounded } from "./sight.ts";

const judgeState = z.object({ whole: bettingState, fresh: bettingState, seen: firstEventsState });

/** A drop of so much beyond the margin is what it is told how many more pairs it takes to see. */
const FAULT = 0.1;

/** Guards against answers that a judge finds worse than the control's to the same request. */
export class JudgeGuard extends Guard {
  override readonly name = "judge";
  readonly #margin: number;
  readonly #whole: PairedBetting;
  readonly #fresh: PairedBetting;
  readonly #seen: FirstEvents;
  readonly #wholeWeight: number;
  readonly #freshWeight: number;

  constructor(margin: number, settings: GuardSettings) {
    super(settings);
    this.#margin = margin;
    this.#whole = new PairedBetting(margin);
    this.#fresh = new PairedBetting(margin);
    this.#seen = new FirstEvents(settings.units);
    this.#wholeWeight = this.gauge.add(this.#whole, WHOLE_RUN);
    this.#freshWeight = this.gauge.add(this.#fresh, FRESH_EPOCH);
  }

  override pair({ judged }: PairObservation, { unit, epoch, isFresh }: Seat): void {
    if (judged === undefined) return;
    if (this.#seen.isFirstEver(unit)) {
      this.#whole.pair(-judged);
      this.gauge.note(this.#whole, this.#wholeWeight);
    }
    if (!isFresh || !this.#seen.isFirst(unit, epoch)) return;
    this.#fresh.pair(-judged);
    this.gauge.note(this.#fresh, this.#freshWeight);
  }

  override renew(): void {
    this.#fresh.reset();
  }

  override facts(): Facts {
    const { sums } = this.#whole;
    const needed = this.gauge.logThreshold - this.#wholeWeight + Math.log(PAIR_STAKES.length);
    const seen = smallestMeanSeen(sums, PAIR_STAKES, needed);
    const range = 1 + this.#margin;
    const worse = sums.count === 0 ? undefined : (sums.sum / sums.count) * range + this.#margin;
    return {
      control: { count: sums.count, events: undefined, value: sums.count === 0 ? undefined : 0 },
      candidate: { count: sums.count, events: undefined, value: worse === undefined ? undefined : -worse },
      pairs: undefined,
      allowed: `${rounded(this.#margin)} worse than the control, of -1 to 1`,
      neededRequests: moreBets(sums, FAULT / range, PAIR_STAKES, needed),
      sees: seen === undefined ? undefined : `${rounded(this.#margin + seen * range)} worse`,
    };
  }

  override state(): z.infer<typeof judgeState> {
    return { whole: this.#whole.state(), fresh: this.#fresh.state(), seen: this.#seen.state() };
  }

  override restore(state: unknown): void {
    const { whole, fresh, seen } = judgeState.parse(state);
    this.#whole.restore(whole);
    this.#fresh.restore(fresh);
    this.#seen.restore(seen);
  }
}
