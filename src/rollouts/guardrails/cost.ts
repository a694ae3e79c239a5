import { z } from "zod";
import { bettingState } from "../../statistics/betting.ts";
import { FirstEvents, firstEventsState } from "../../statistics/first-events.ts";
import { FrozenQuantiles, frozenQuantilesState } from "../../statistics/frozen-quantiles.ts";
import { PairedBetting } from "../../statistics/paired-betting.ts";
import type { PairObservation, RequestObservation } from "../observation.ts";
import { EventTest, eventTestState } from "./event-test.ts";
import {
  type Facts,
  Guard,
  type GuardSettings,
  meanEvidence,
  PAIRS_WEIGHT,
  PairTally,
  pairTallyState,
  Tallies,
  talliesState,
} from "./guard.ts";
import { MeanTest, meanTestState } from "./mean-test.ts";
import type { Seat } from "./seat.ts";
import { percentText, rounded } from "./sight.ts";

/** The fast alarm looks at costs above the first; means count what is beyond so many times the second as that. */
const LEVELS = [0.9, 0.99] as const;
const CUT = 2;

const costState = z.object({
  fast: eventTestState,
  mean: meanTestState,
  pairs: z.object({ betting: bettingState, seen: firstEventsState, tally: pairTallyState }),
  thresholds: frozenQuantilesState,
  tallies: talliesState,
});

/**
 * Guards against costing more: an alarm on costs above the control's 90th percentile, and betting on the means, half of
 * alpha each. Betting takes bounded values. The most that a request could cost, by its tokens, is a bound so far off that
 * bets on it would be worth nothing: costs are cut at twice the control's 99th percentile instead, frozen before (and the
 * candidate's at that and the margin). So rare costs beyond that do not count by their size, for either side.
 */
export class CostGuard extends Guard {
  override readonly name = "cost";
  readonly #margin: number;
  readonly #fast: EventTest;
  readonly #mean: MeanTest;
  readonly #pairs = new PairedBetting(0);
  readonly #pairsSeen: FirstEvents;
  readonly #pairTally = new PairTally();
  readonly #pairsWeight: number | undefined;
  readonly #thresholds = new FrozenQuantiles(LEVELS);
  readonly #tallies = new Tallies();

  constructor(margin: number, settings: GuardSettings) {
    super(settings);
    const { units, hasPairs } = settings;
    const pairsWeight = hasPairs ? PAIRS_WEIGHT : 0;
    const weight = (1 - pairsWeight) / 2;
    this.#margin = margin;
    this.#fast = new EventTest({ ratio: 1, levels: 1, units, gauge: this.gauge, weight });
    this.#mean = new MeanTest(units, this.gauge, weight);
    this.#pairsSeen = new FirstEvents(units);
    this.#pairsWeight = hasPairs ? this.gauge.add(this.#pairs, pairsWeight) : undefined;
  }

  override request({ costUsd }: RequestObservation, seat: Seat): void {
    if (costUsd === undefined) return;
    const tally = this.#tallies.of(seat.side);
    tally.count++;
    tally.sum += costUsd;
    const comparable = seat.side === "candidate" ? costUsd / (1 + this.#margin) : costUsd;
    const { values } = this.#thresholds;
    if (values !== undefined) {
      if (comparable > (values[0] ?? Infinity)) this.#fast.event(0, seat);
      if (this.#cut > 0) this.#mean.add(Math.min(1, comparable / this.#cut), seat);
    }
    if (seat.side === "control" && this.#thresholds.add(costUsd)) this.#mean.dropBlock();
  }

  override pair({ control, candidate }: PairObservation, { unit }: Seat): void {
    if (this.#pairsWeight === undefined || this.#cut <= 0) return;
    if (control.costUsd === undefined || candidate.costUsd === undefined) return;
    const comparable = candidate.costUsd / (1 + this.#margin);
    this.#pairTally.add(control.costUsd > comparable, comparable > control.costUsd);
    if (!this.#pairsSeen.isFirstEver(unit)) return;
    const own = Math.min(1, comparable / this.#cut);
    this.#pairs.pair(own - Math.min(1, control.costUsd / this.#cut));
    this.gauge.note(this.#pairs, this.#pairsWeight);
  }

  override renew(): void {
    this.#fast.renew();
    this.#mean.renew();
    if (this.#thresholds.renew()) this.#mean.dropBlock();
  }

  override facts(): Facts {
    const { control, candidate } = this.#tallies;
    const seen = this.#mean.smallestSeen;
    const allowed = (1 + this.#margin) * (control.count === 0 ? 0 : control.sum / control.count);
    const more = this.#cut > 0 ? this.#mean.moreToSee(Math.min(1, allowed / this.#cut)) : undefined;
    return {
      control: meanEvidence(control),
      candidate: meanEvidence(candidate),
      pairs: this.#pairsWeight === undefined ? undefined : this.#pairTally.evidence(),
      allowed: `${percentText(this.#margin)} more than the control`,
      neededRequests: more,
      sees:
        seen === undefined
          ? undefined
          : `${rounded(allowed + seen * this.#cut)} USD instead of ${rounded(allowed)} USD`,
    };
  }

  override state(): z.infer<typeof costState> {
    return {
      fast: this.#fast.state(),
      mean: this.#mean.state(),
      pairs: {
        betting: this.#pairs.state(),
        seen: this.#pairsSeen.state(),
        tally: this.#pairTally.evidence(),
      },
      thresholds: this.#thresholds.state(),
      tallies: this.#tallies.state(),
    };
  }

  override restore(state: unknown): void {
    const { fast, mean, pairs, thresholds, tallies } = costState.parse(state);
    this.#fast.restore(fast);
    this.#mean.restore(mean);
    this.#pairs.restore(pairs.betting);
    this.#pairsSeen.restore(pairs.seen);
    this.#pairTally.restore(pairs.tally);
    this.#thresholds.restore(thresholds);
    this.#tallies.restore(tallies);
  }

  /** What a cost counts as at most, in USD; 0: nobody can tell yet. */
  get #cut(): number {
    return CUT * (this.#thresholds.values?.[1] ?? 0);
  }
}
