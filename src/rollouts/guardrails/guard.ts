import { z } from "zod";
import type { Side } from "../../domain/rollout.ts";
import type { Units } from "../../statistics/first-events.ts";
import type { FeedbackObservation, PairObservation, RequestObservation } from "../observation.ts";
import type { Evidence, PairsEvidence, SideEvidence } from "../run.ts";
import { type Board, Gauge } from "./gauge.ts";
import type { Seat } from "./seat.ts";

/** What every guardrail is made with. */
export interface GuardSettings {
  readonly alpha: number;
  readonly units: Units;
  readonly board: Board;
  /** Does any stage shadow? Then a part of alpha is for pairs. */
  readonly hasPairs: boolean;
}

/** Share of a guardrail's alpha that is for shadowed pairs, where there are any. */
export const PAIRS_WEIGHT = 0.25;

/** What a guardrail knows besides its evidence. */
export type Facts = Pick<Evidence, "control" | "candidate" | "pairs" | "allowed" | "neededRequests" | "sees">;

/** A guardrail at work. Overridden is what it looks at. */
export abstract class Guard {
  abstract readonly name: string;
  readonly gauge: Gauge;

  constructor({ alpha, board }: GuardSettings) {
    this.gauge = new Gauge(alpha, board);
  }

  request(_observation: RequestObservation, _seat: Seat): void {}
  feedback(_observation: FeedbackObservation, _seat: Seat): void {}
  /** @param seat of the pair; its side and share are without meaning */
  pair(_observation: PairObservation, _seat: Seat): void {}
  /** A fresh epoch begins. */
  abstract renew(): void;
  abstract facts(): Facts;
  /** JSON. */
  abstract state(): unknown;
  /** @throws Error for what `state` did not give */
  abstract restore(state: unknown): void;

  evidence(): Evidence {
    const { logEvidence, logThreshold, logPeak } = this.gauge;
    return {
      guardrail: this.name,
      logEvidence,
      logThreshold,
      logPeak: Math.max(logPeak, logEvidence),
      ...this.facts(),
    };
  }
}

export const talliesState = z.object({
  control: z.tuple([z.number(), z.number(), z.number()]),
  candidate: z.tuple([z.number(), z.number(), z.number()]),
});

/** What was seen of a side. */
export class Tally {
  count = 0;
  events = 0;
  sum = 0;
}

/** What was seen of both sides. */
export class Tallies {
  readonly control = new Tally();
  readonly candidate = new Tally();

  of(side: Side): Tally {
    return side === "candidate" ? this.candidate : this.control;
  }

  state(): z.infer<typeof talliesState> {
    const { control, candidate } = this;
    return {
      control: [control.count, control.events, control.sum],
      candidate: [candidate.count, candidate.events, candidate.sum],
    };
  }

  restore(state: z.infer<typeof talliesState>): void {
    for (const side of ["control", "candidate"] as const) {
      const [count, events, sum] = state[side];
      Object.assign(this[side], { count, events, sum });
    }
  }
}

export const pairTallyState = z.object({ count: z.number(), control: z.number(), candidate: z.number() });

/** What was seen in pairs. */
export class PairTally {
  #count = 0;
  #control = 0;
  #candidate = 0;

  /** A pair of which it can be told, and which sides had an event. */
  add(controlHad: boolean, candidateHad: boolean): void {
    this.#count++;
    if (controlHad) this.#control++;
    if (candidateHad) this.#candidate++;
  }

  evidence(): PairsEvidence {
    return { count: this.#count, control: this.#control, candidate: this.#candidate };
  }

  restore({ count, control, candidate }: z.infer<typeof pairTallyState>): void {
    this.#count = count;
    this.#control = control;
    this.#candidate = candidate;
  }
}

/** A share of events as evidence. */
export function shareEvidence({ count, events }: Tally): SideEvidence {
  return { count, events, value: count === 0 ? undefined : events / count };
}

/** A mean as evidence. */
export function meanEvidence({ count, sum }: Tally): SideEvidence {
  return { count, events: undefined, value: count === 0 ? undefined : sum / count };
}
