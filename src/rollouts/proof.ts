import { z } from "zod";
import type { Policy } from "../domain/rollout.ts";
import { differenceBounds, moreToProve } from "../statistics/proof.ts";
import type { RequestObservation } from "./observation.ts";
import type { ProofEvidence } from "./run.ts";

const sideState = z.object({ count: z.number(), events: z.number() });
export const proofState = z.object({ control: sideState, candidate: sideState });

/** Counts failed and unusable answers of a stage, for the proof that the candidate's share is not larger by the margin. */
export class Proof {
  readonly #settings: Policy["proof"];
  readonly #control = { count: 0, events: 0 };
  readonly #candidate = { count: 0, events: 0 };
  #known: ProofEvidence | undefined;

  constructor(settings: Policy["proof"]) {
    this.#settings = settings;
  }

  /** @param isFirst of its sticky key in the stage */
  count({ side, error, invalid }: RequestObservation, isFirst: boolean): void {
    if (this.#settings.each === "key" && !isFirst) return;
    const counts = side === "candidate" ? this.#candidate : this.#control;
    counts.count++;
    if (error || invalid === true) counts.events++;
    this.#known = undefined;
  }

  /** Another stage begins. */
  reset(): void {
    this.restore({ control: { count: 0, events: 0 }, candidate: { count: 0, events: 0 } });
  }

  evidence(): ProofEvidence | undefined {
    if (this.#control.count === 0 || this.#candidate.count === 0) return undefined;
    this.#known ??= this.#reckon();
    return this.#known;
  }

  state(): z.infer<typeof proofState> {
    return { control: { ...this.#control }, candidate: { ...this.#candidate } };
  }

  restore({ control, candidate }: z.infer<typeof proofState>): void {
    Object.assign(this.#control, control);
    Object.assign(this.#candidate, candidate);
    this.#known = undefined;
  }

  #reckon(): ProofEvidence {
    const { margin, each } = this.#settings;
    const [control, candidate] = [this.#control, this.#candidate];
    const difference = differenceBounds(control, candidate);
    return {
      margin,
      isProved: difference.high < margin,
      difference,
      control: { ...control, value: control.events / control.count },
      candidate: { ...candidate, value: candidate.events / candidate.count },
      moreNeeded: moreToProve(control, candidate, margin),
      each,
    };
  }
}
