import { z } from "zod";
import { eventProcessState } from "../../statistics/event-process.ts";
import { FirstEvents, firstEventsState } from "../../statistics/first-events.ts";
import { sampleRatioProcess } from "../../statistics/sample-ratio.ts";
import type { RequestObservation } from "../observation.ts";
import { type Facts, Guard, type GuardSettings, Tallies, talliesState } from "./guard.ts";
import type { Seat } from "./seat.ts";
import { Settling, settlingState } from "./settling.ts";
import { percentText } from "./sight.ts";

const sampleRatioState = z.object({
  process: eventProcessState,
  seen: firstEventsState,
  settling: settlingState,
  tallies: talliesState,
});

/** Guards the rollout itself: requests that reach the sides in other shares than they should tell nothing about either. */
export class SampleRatioGuard extends Guard {
  override readonly name = "sample_ratio";
  readonly #process = sampleRatioProcess();
  readonly #seen: FirstEvents;
  readonly #settling = new Settling();
  readonly #logWeight: number;
  /** Units by side, and the sum of the chances that they had to be the candidate's. */
  readonly #tallies = new Tallies();

  constructor(settings: GuardSettings) {
    super(settings);
    this.#seen = new FirstEvents(settings.units);
    this.#logWeight = this.gauge.add(this.#process, 1);
  }

  override request({ epoch }: RequestObservation, { unit, side, share }: Seat): void {
    if (!this.#settling.add(side, share, epoch)) return;
    const chance = this.#seen.chance(unit, side, share);
    if (chance <= 0) return;
    const tally = this.#tallies.of(side);
    tally.count++;
    tally.sum += chance;
    this.#process.event(0, side, chance);
    this.gauge.note(this.#process, this.#logWeight);
  }

  override renew(): void {}

  override facts(): Facts {
    const { control, candidate } = this.#tallies;
    const all = control.count + candidate.count;
    const share = (count: number): number | undefined => (all === 0 ? undefined : count / all);
    const expected = (control.sum + candidate.sum) / all;
    return {
      control: { count: control.count, events: undefined, value: share(control.count) },
      candidate: { count: candidate.count, events: undefined, value: share(candidate.count) },
      pairs: undefined,
      allowed: all === 0 ? "the share that was set" : `${percentText(expected)} on average, as was set`,
      neededRequests: undefined,
      sees: undefined,
    };
  }

  override state(): z.infer<typeof sampleRatioState> {
    return {
      process: this.#process.state(),
      seen: this.#seen.state(),
      settling: this.#settling.state(),
      tallies: this.#tallies.state(),
    };
  }

  override restore(state: unknown): void {
    const { process, seen, settling, tallies } = sampleRatioState.parse(state);
    this.#process.restore(process);
    this.#seen.restore(seen);
    this.#settling.restore(settling);
    this.#tallies.restore(tallies);
  }
}
