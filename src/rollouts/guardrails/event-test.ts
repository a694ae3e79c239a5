import { z } from "zod";
import { EventProcess, eventProcessState } from "../../statistics/event-process.ts";
import { FirstEvents, firstEventsState, type Units } from "../../statistics/first-events.ts";
import type { Gauge } from "./gauge.ts";
import { FRESH_EPOCH, type Seat, WHOLE_RUN } from "./seat.ts";

export const eventTestState = z.object({
  whole: eventProcessState,
  fresh: eventProcessState,
  seen: z.array(firstEventsState),
  /** By level: the control's events that counted in the whole run. */
  controlEvents: z.array(z.number()),
  pairs: z.object({ process: eventProcessState, seen: z.array(firstEventsState) }).optional(),
});

interface EventTestSettings {
  /** How many times more events the candidate may have. */
  readonly ratio: number;
  readonly levels: number;
  readonly units: Units;
  readonly gauge: Gauge;
  /** Its share of the gauge's alpha. */
  readonly weight: number;
  /** The share that is for shadowed pairs. */
  readonly pairsWeight?: number;
}

/**
 * The event process of a guardrail: most of alpha for the whole run, the rest for fresh epochs, in which evidence starts anew so
 * that a candidate that turns bad late does not have a long good record to wear off, nor its users used up.
 * What shadowed pairs show has a process and a share of alpha of its own: the control's failure in a pair was counted as its
 * live request's too, so that the product of both would not be fair.
 */
export class EventTest {
  readonly #whole: EventProcess;
  readonly #fresh: EventProcess;
  readonly #seen: readonly FirstEvents[];
  readonly #controlEvents: number[];
  readonly #pairs: EventProcess;
  readonly #pairsSeen: readonly FirstEvents[];
  readonly #gauge: Gauge;
  readonly #wholeWeight: number;
  readonly #freshWeight: number;
  readonly #pairsWeight: number | undefined;

  constructor({ ratio, levels, units, gauge, weight, pairsWeight = 0 }: EventTestSettings) {
    this.#whole = new EventProcess(ratio, levels);
    this.#fresh = new EventProcess(ratio, levels);
    this.#pairs = new EventProcess(ratio, levels);
    this.#seen = Array.from({ length: levels }, () => new FirstEvents(units));
    this.#controlEvents = Array.from({ length: levels }, () => 0);
    this.#pairsSeen = Array.from({ length: levels }, () => new FirstEvents(units));
    this.#gauge = gauge;
    this.#wholeWeight = gauge.add(this.#whole, weight * WHOLE_RUN);
    this.#freshWeight = gauge.add(this.#fresh, weight * FRESH_EPOCH);
    this.#pairsWeight = pairsWeight > 0 ? gauge.add(this.#pairs, pairsWeight) : undefined;
  }

  event(level: number, seat: Seat): void {
    const seen = this.#seen[level];
    if (seen === undefined) return;
    const chance = seen.chance(seat.unit, seat.side, seat.share);
    if (chance > 0) {
      this.#whole.event(level, seat.side, chance);
      if (seat.side === "control") this.#controlEvents[level] = this.controlEvents(level) + 1;
      this.#gauge.note(this.#whole, this.#wholeWeight);
    }
    if (!seat.isFresh || seat.share <= 0 || seat.share >= 1 || !seen.isFirst(seat.unit, seat.epoch)) return;
    this.#fresh.event(level, seat.side, seat.share);
    this.#gauge.note(this.#fresh, this.#freshWeight);
  }

  /** A shadowed request, of which one or both sides may have had the event. */
  pair(level: number, unit: number, controlHad: boolean, candidateHad: boolean): void {
    if (this.#pairsWeight === undefined || !(controlHad || candidateHad)) return;
    if (!this.#pairsSeen[level]?.isFirstEver(unit)) return;
    this.#pairs.pair(level, controlHad, candidateHad);
    this.#gauge.note(this.#pairs, this.#pairsWeight);
  }

  /** The control's that counted in the whole run. */
  controlEvents(level: number): number {
    return this.#controlEvents[level] ?? 0;
  }

  /** Logarithm of what the evidence of one level over the whole run has to be, for the gauge to be crossed. */
  get logNeeded(): number {
    return this.#gauge.logThreshold - this.#wholeWeight + Math.log(this.#seen.length);
  }

  /** A fresh epoch begins. */
  renew(): void {
    this.#fresh.reset();
  }

  state(): z.infer<typeof eventTestState> {
    return {
      whole: this.#whole.state(),
      fresh: this.#fresh.state(),
      seen: this.#seen.map((seen) => seen.state()),
      controlEvents: [...this.#controlEvents],
      pairs:
        this.#pairsWeight === undefined
          ? undefined
          : { process: this.#pairs.state(), seen: this.#pairsSeen.map((seen) => seen.state()) },
    };
  }

  restore(state: z.infer<typeof eventTestState>): void {
    this.#whole.restore(state.whole);
    this.#fresh.restore(state.fresh);
    restoreEach(this.#seen, state.seen);
    state.controlEvents.forEach((count, level) => {
      this.#controlEvents[level] = count;
    });
    if (state.pairs === undefined) return;
    this.#pairs.restore(state.pairs.process);
    restoreEach(this.#pairsSeen, state.pairs.seen);
  }
}

function restoreEach(all: readonly FirstEvents[], states: readonly z.infer<typeof firstEventsState>[]): void {
  if (all.length !== states.length) throw new Error("a test of another shape");
  all.forEach((seen, level) => {
    const state = states[level];
    if (state !== undefined) seen.restore(state);
  });
}
