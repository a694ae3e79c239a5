import { z } from "zod";
import { FrozenQuantiles, frozenQuantilesState } from "../../statistics/frozen-quantiles.ts";
import type { PairObservation, Performance, RequestObservation } from "../observation.ts";
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
import type { Seat } from "./seat.ts";
import { eventSight, percentText, rounded } from "./sight.ts";

const LEVELS = [0.5, 0.9, 0.95, 0.99] as const;
/** The level that people are told of. */
const TOLD = 2;

const durationsState = z.object({
  test: eventTestState,
  thresholds: frozenQuantilesState,
  tallies: talliesState,
  pairs: pairTallyState.optional(),
});

/**
 * Guards against taking longer. It takes too long for the control what takes longer than a quantile of its own times,
 * frozen before, and for the candidate what takes longer than that and the margin: while its times are not longer than the
 * control's by the margin, it has no more of such requests. Whatever shape the times have, and whether they have a mean.
 */
export abstract class DurationsGuard extends Guard {
  readonly #margin: number;
  readonly #test: EventTest;
  readonly #thresholds = new FrozenQuantiles(LEVELS);
  /** Events are those above the level that people are told of. */
  readonly #tallies = new Tallies();
  readonly #pairs: PairTally | undefined;

  constructor(margin: number, settings: GuardSettings) {
    super(settings);
    this.#margin = margin;
    this.#pairs = settings.hasPairs ? new PairTally() : undefined;
    const pairsWeight = settings.hasPairs ? PAIRS_WEIGHT : 0;
    this.#test = new EventTest({
      ratio: 1,
      levels: LEVELS.length,
      units: settings.units,
      gauge: this.gauge,
      weight: 1 - pairsWeight,
      pairsWeight,
    });
  }

  /** In milliseconds; undefined: it can't be told of this request. */
  protected abstract duration(performance: Performance): number | undefined;

  override request(observation: RequestObservation, seat: Seat): void {
    const ms = this.duration(observation);
    if (ms === undefined) return;
    const tally = this.#tallies.of(seat.side);
    tally.sum += ms;
    tally.count++;
    const limits = this.#thresholds.values;
    const factor = seat.side === "candidate" ? 1 + this.#margin : 1;
    if (limits !== undefined) {
      // Thresholds rise: whatever is within one is within the next.
      for (let level = 0; level < LEVELS.length && ms > factor * (limits[level] ?? Infinity); level++) {
        if (level === TOLD) tally.events++;
        this.#test.event(level, seat);
      }
    }
    if (seat.side === "control") this.#thresholds.add(ms);
  }

  override pair({ control, candidate }: PairObservation, seat: Seat): void {
    const [own, other] = [this.duration(candidate), this.duration(control)];
    const limits = this.#thresholds.values;
    if (own === undefined || other === undefined || limits === undefined) return;
    for (let level = 0; level < LEVELS.length; level++) {
      const limit = limits[level] ?? Infinity;
      const controlHad = other > limit;
      const candidateHad = own > (1 + this.#margin) * limit;
      if (level === TOLD) this.#pairs?.add(controlHad, candidateHad);
      this.#test.pair(level, seat.unit, controlHad, candidateHad);
    }
  }

  override renew(): void {
    this.#test.renew();
    this.#thresholds.renew();
  }

  override facts(): Facts {
    const { control, candidate } = this.#tallies;
    return {
      control: { ...meanEvidence(control), events: control.events },
      candidate: { ...meanEvidence(candidate), events: candidate.events },
      pairs: this.#pairs?.evidence(),
      allowed: `${percentText(this.#margin)} longer than the control`,
      ...eventSight(this.#test, TOLD, this.#tallies, 1, ` of requests slower than ${this.#told}`),
    };
  }

  /** From where on it takes the candidate too long, in words. */
  get #told(): string {
    const limit = this.#thresholds.values?.[TOLD];
    const quantile = `the control's ${100 * LEVELS[TOLD]}th percentile`;
    if (limit === undefined) return quantile;
    const allowed = `${rounded((1 + this.#margin) * limit)} ms`;
    return this.#margin === 0
      ? `${allowed}, ${quantile},`
      : `${allowed}, ${percentText(this.#margin)} above ${quantile},`;
  }

  override state(): z.infer<typeof durationsState> {
    return {
      test: this.#test.state(),
      thresholds: this.#thresholds.state(),
      tallies: this.#tallies.state(),
      pairs: this.#pairs?.evidence(),
    };
  }

  override restore(state: unknown): void {
    const { test, thresholds, tallies, pairs } = durationsState.parse(state);
    this.#test.restore(test);
    this.#thresholds.restore(thresholds);
    this.#tallies.restore(tallies);
    if (pairs !== undefined) this.#pairs?.restore(pairs);
  }
}
