import { z } from "zod";
import type { PairObservation, Performance, RequestObservation } from "../observation.ts";
import { EventTest, eventTestState } from "./event-test.ts";
import {
  type Facts,
  Guard,
  type GuardSettings,
  PAIRS_WEIGHT,
  PairTally,
  pairTallyState,
  shareEvidence,
  Tallies,
  talliesState,
} from "./guard.ts";
import type { Seat } from "./seat.ts";
import { eventSight } from "./sight.ts";

const failuresState = z.object({
  test: eventTestState,
  tallies: talliesState,
  pairs: pairTallyState.optional(),
});

/** Guards against a failing that a request has or has not. */
export abstract class FailuresGuard extends Guard {
  readonly #ratio: number;
  readonly #test: EventTest;
  readonly #tallies = new Tallies();
  readonly #pairs: PairTally | undefined;

  constructor(ratio: number, settings: GuardSettings) {
    super(settings);
    this.#ratio = ratio;
    this.#pairs = settings.hasPairs ? new PairTally() : undefined;
    const pairsWeight = settings.hasPairs ? PAIRS_WEIGHT : 0;
    this.#test = new EventTest({
      ratio,
      levels: 1,
      units: settings.units,
      gauge: this.gauge,
      weight: 1 - pairsWeight,
      pairsWeight,
    });
  }

  /** Undefined: it can't be told of this request. */
  protected abstract failed(performance: Performance): boolean | undefined;

  override request(observation: RequestObservation, seat: Seat): void {
    const failed = observation.censored ? undefined : this.failed(observation);
    if (failed === undefined) return;
    const tally = this.#tallies.of(seat.side);
    tally.count++;
    if (!failed) return;
    tally.events++;
    this.#test.event(0, seat);
  }

  override pair({ control, candidate }: PairObservation, seat: Seat): void {
    const controlHad = this.failed(control);
    const candidateHad = this.failed(candidate);
    if (controlHad === undefined || candidateHad === undefined) return;
    this.#pairs?.add(controlHad, candidateHad);
    this.#test.pair(0, seat.unit, controlHad, candidateHad);
  }

  override renew(): void {
    this.#test.renew();
  }

  override facts(): Facts {
    const { control, candidate } = this.#tallies;
    return {
      control: shareEvidence(control),
      candidate: shareEvidence(candidate),
      pairs: this.#pairs?.evidence(),
      allowed: this.#ratio === 1 ? "no more often than the control" : `${this.#ratio} times the control's`,
      ...eventSight(this.#test, 0, this.#tallies, this.#ratio),
    };
  }

  override state(): z.infer<typeof failuresState> {
    return {
      test: this.#test.state(),
      tallies: this.#tallies.state(),
      pairs: this.#pairs?.evidence(),
    };
  }

  override restore(state: unknown): void {
    const { test, tallies, pairs } = failuresState.parse(state);
    this.#test.restore(test);
    this.#tallies.restore(tallies);
    if (pairs !== undefined) this.#pairs?.restore(pairs);
  }
}
