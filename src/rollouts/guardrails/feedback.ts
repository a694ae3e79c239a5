import { z } from "zod";
import type { Guardrail } from "../../domain/rollout.ts";
import { FrozenQuantiles, frozenQuantilesState, hundredths } from "../../statistics/frozen-quantiles.ts";
import type { FeedbackObservation } from "../observation.ts";
import { EventTest, eventTestState } from "./event-test.ts";
import { type Facts, Guard, type GuardSettings, meanEvidence, Tallies, talliesState } from "./guard.ts";
import { MeanTest, meanTestState } from "./mean-test.ts";
import type { Seat } from "./seat.ts";
import { rounded } from "./sight.ts";

const LEVELS = [0.1, 0.25, 0.5] as const;
/** Below rounding's errors, so that a score at the very limit is not beyond it. */
const TIE = 1e-9;
/** A drop of so much of the range beyond the margin is what it is told how many more requests it takes to see. */
const FAULT = 0.1;

const feedbackState = z.object({
  low: eventTestState,
  mean: meanTestState,
  thresholds: frozenQuantilesState,
  tallies: talliesState,
});

type FeedbackSettings = Extract<Guardrail, { kind: "feedback" }>;

/**
 * Guards against worse feedback of a name: events are scores below quantiles of the control's (less the margin for the
 * candidate), which see large drops soon, and betting on the means sees small ones; half of alpha each. Values become
 * scores from 0 to 1 of which more is better. What comes late counts when it comes, as its request was assigned.
 */
export class FeedbackGuard extends Guard {
  override readonly name: string;
  readonly #settings: FeedbackSettings;
  /** As part of the range. */
  readonly #margin: number;
  readonly #low: EventTest;
  readonly #mean: MeanTest;
  readonly #thresholds = new FrozenQuantiles(LEVELS, hundredths);
  /** Of the values in their own unit. */
  readonly #tallies = new Tallies();

  constructor(guardrail: FeedbackSettings, settings: GuardSettings) {
    super(settings);
    const { units } = settings;
    this.name = `feedback.${guardrail.feedback}`;
    this.#settings = guardrail;
    this.#margin = guardrail.margin / (guardrail.high - guardrail.low);
    this.#low = new EventTest({ ratio: 1, levels: LEVELS.length, units, gauge: this.gauge, weight: 0.5 });
    this.#mean = new MeanTest(units, this.gauge, 0.5);
  }

  override feedback({ feedback, value }: FeedbackObservation, seat: Seat): void {
    if (feedback !== this.#settings.feedback) return;
    const score = this.#score(value);
    const tally = this.#tallies.of(seat.side);
    tally.count++;
    tally.sum += this.#within(value);
    const isCandidate = seat.side === "candidate";
    const least = isCandidate ? this.#margin + TIE : TIE;
    const { values } = this.#thresholds;
    if (values !== undefined) {
      // Thresholds rise: whatever is below one is below the next.
      for (let level = LEVELS.length - 1; level >= 0 && score < (values[level] ?? 0) - least; level--)
        this.#low.event(level, seat);
    }
    const worse = isCandidate ? 1 - score : 1 - score + this.#margin;
    this.#mean.add(worse / (1 + this.#margin), seat);
    if (!isCandidate) this.#thresholds.add(score);
  }

  override renew(): void {
    this.#low.renew();
    this.#mean.renew();
    this.#thresholds.renew();
  }

  override facts(): Facts {
    const { control, candidate } = this.#tallies;
    const { high, low, margin, better } = this.#settings;
    const seen = this.#mean.smallestSeen;
    const bets = this.#mean.moreToSee(FAULT / (1 + this.#margin));
    const word = better === "higher" ? "lower" : "higher";
    return {
      control: meanEvidence(control),
      candidate: meanEvidence(candidate),
      pairs: undefined,
      allowed: `${rounded(margin)} ${word} than the control's`,
      neededRequests: bets === undefined ? undefined : Math.ceil(bets * (candidate.count / this.#mean.bets)),
      sees:
        seen === undefined
          ? undefined
          : `${rounded(margin + seen * (1 + this.#margin) * (high - low))} ${word}`,
    };
  }

  override state(): z.infer<typeof feedbackState> {
    return {
      low: this.#low.state(),
      mean: this.#mean.state(),
      thresholds: this.#thresholds.state(),
      tallies: this.#tallies.state(),
    };
  }

  override restore(state: unknown): void {
    const { low, mean, thresholds, tallies } = feedbackState.parse(state);
    this.#low.restore(low);
    this.#mean.restore(mean);
    this.#thresholds.restore(thresholds);
    this.#tallies.restore(tallies);
  }

  /** What lies outside the range counts as the end that it is beyond. */
  #within(value: number): number {
    const { low, high } = this.#settings;
    return Math.min(high, Math.max(low, value));
  }

  /** 0 to 1, more is better. */
  #score(value: number): number {
    const { low, high, better } = this.#settings;
    const part = (this.#within(value) - low) / (high - low);
    return better === "higher" ? part : 1 - part;
  }
}
