import type { Performance, RequestObservation } from "../../src/rollouts/observation.ts";
import type { Reused, ReusedPair } from "./blank.ts";
import { MS_PER_REQUEST } from "./policies.ts";
import type { Random } from "./random.ts";
import { Users } from "./users.ts";

/** What requests meet. Shares are from 0 to 1. */
export interface World {
  readonly users: {
    readonly count: number;
    /** Of the logarithm of how active they are, as a standard deviation. */
    readonly spread: number;
    /** How alike the outcomes of one user are: the correlation of two of them. 0: no user has more than another. */
    readonly correlation: number;
  };
  readonly errors: number;
  readonly invalid: number;
  /** How the share of errors moves: by what it is multiplied. */
  readonly errorFactor: (ms: number) => number;
  /** By what latencies are multiplied. */
  readonly latencyFactor: (ms: number) => number;
  /** Share of the requests of both sides that are refused besides, such as by 429. */
  readonly refused: (ms: number) => number;
  readonly msPerRequest: (ms: number) => number;
  readonly meanMsPerRequest: number;
  /** Of latencies and costs: log-normal with sigma 0.6, or Pareto's with exponent 1.5, which has no variance. */
  readonly tail: "log-normal" | "pareto";
  readonly feedback: {
    /** Share of the answers that are rated. */
    readonly rated: number;
    /** Mean of how long that takes. */
    readonly lateMs: number;
    /** Mean score, where a score is 0 or 1 (a thumb) or one of five (stars). */
    readonly mean: number;
    readonly scale: "thumbs" | "stars";
  };
}

/** How the candidate differs from the control. */
export interface Difference {
  readonly errors: number;
  readonly invalid: number;
  /** Factors. */
  readonly latency: number;
  readonly cost: number;
  readonly score: number;
  /** From when on. */
  readonly fromRequest: number;
}

export const SAME: Difference = { errors: 0, invalid: 0, latency: 1, cost: 1, score: 0, fromRequest: 0 };

const always = (value: number) => (): number => value;

export const CALM: World = {
  users: { count: 3000, spread: 1, correlation: 0.005 },
  errors: 0.01,
  invalid: 0.02,
  errorFactor: always(1),
  latencyFactor: always(1),
  refused: always(0),
  msPerRequest: always(MS_PER_REQUEST),
  meanMsPerRequest: MS_PER_REQUEST,
  tail: "log-normal",
  feedback: { rated: 0.05, lateMs: 30_000, mean: 0.8, scale: "thumbs" },
};

const SIGMA = 0.6;
const PARETO = 1.5;
const MEDIAN_LATENCY_MS = 800;
const MEDIAN_COST_USD = 0.001;
/** `max_tokens` times the price: what no request can cost more than. */
const COST_CAP_USD = 0.02;

/** Makes requests one after the other. */
export class Traffic {
  readonly #random: Random;
  readonly #world: World;
  readonly #later: Difference;
  readonly #users: Users;
  /** Of each user. */
  readonly #errors: Float64Array;
  readonly #invalid: Float64Array;
  #number = 0;
  #user = 0;
  /** How the candidate is at the request that was made last. */
  #difference = SAME;
  /** Milliseconds since the rollout began. */
  now = 0;

  constructor(random: Random, world: World, difference: Difference) {
    const { users, errors, invalid } = world;
    this.#random = random;
    this.#world = world;
    this.#later = difference;
    this.#users = new Users(random, users);
    const habit = (mean: number) => (): number =>
      users.correlation === 0 ? mean : random.beta(mean, users.correlation);
    this.#errors = new Float64Array(users.count).map(habit(errors));
    this.#invalid = new Float64Array(users.count).map(habit(invalid));
  }

  /** The next request: who sends it, on which side they are at this share, and how it ends. */
  next(into: Reused<RequestObservation>, share: number): void {
    const random = this.#random;
    const world = this.#world;
    this.now += world.msPerRequest(this.now);
    this.#user = this.#users.draw(random);
    this.#difference = this.#number++ >= this.#later.fromRequest ? this.#later : SAME;
    const unit = this.#users.unitOf(this.#user);
    const isCandidate = unit < share;
    into.unit = unit;
    into.side = isCandidate ? "candidate" : "control";
    into.share = share;
    this.#outcome(into, isCandidate ? this.#difference : SAME);
  }

  /** Is the last request, which was the control's, sent to the candidate too? */
  isShadowed(share: number): boolean {
    return share > 0 && this.#random.unit() < share;
  }

  /** What the candidate makes of the last request, which the control answered. */
  shadow(into: ReusedPair, request: RequestObservation): void {
    into.unit = request.unit;
    into.stage = request.stage;
    into.epoch = request.epoch;
    into.at = this.now;
    into.control.error = request.error;
    into.control.invalid = request.invalid;
    into.control.latencyMs = request.latencyMs;
    into.control.firstTokenMs = request.firstTokenMs;
    into.control.costUsd = request.costUsd;
    this.#outcome(into.candidate, this.#difference);
    const isJudged = !request.error && !into.candidate.error;
    into.judged = isJudged ? this.#judged() : undefined;
  }

  /** Of three pairs one is a tie. */
  #judged(): number {
    const luck = this.#random.unit();
    if (luck < 1 / 3) return 0;
    return luck < 2 / 3 + this.#difference.score ? 1 : -1;
  }

  #outcome(into: Reused<Performance>, difference: Difference): void {
    const random = this.#random;
    const world = this.#world;
    const { now } = this;
    const errors =
      (this.#errors[this.#user] ?? 0) * world.errorFactor(now) + world.refused(now) + difference.errors;
    into.error = random.unit() < errors;
    if (into.error) {
      into.invalid = undefined;
      into.latencyMs = undefined;
      into.firstTokenMs = undefined;
      into.costUsd = undefined;
      return;
    }
    into.invalid = random.unit() < (this.#invalid[this.#user] ?? 0) + difference.invalid;
    const latency = MEDIAN_LATENCY_MS * world.latencyFactor(now) * difference.latency * this.#spread();
    into.latencyMs = latency;
    into.firstTokenMs = latency * (0.2 + 0.2 * random.unit());
    into.costUsd = Math.min(COST_CAP_USD, MEDIAN_COST_USD * difference.cost * this.#spread());
  }

  /** Is the answer rated? @returns milliseconds until it is */
  rated(): number | undefined {
    const { rated, lateMs } = this.#world.feedback;
    return this.#random.unit() < rated ? this.#random.exponential(lateMs) : undefined;
  }

  score(isCandidate: boolean): number {
    const { mean, scale } = this.#world.feedback;
    const wanted = mean + (isCandidate ? this.#difference.score : 0);
    if (scale === "thumbs") return this.#random.unit() < wanted ? 1 : 0;
    let stars = 0;
    for (let i = 0; i < 4; i++) if (this.#random.unit() < wanted) stars++;
    return stars / 4;
  }

  #spread(): number {
    return this.#world.tail === "pareto"
      ? (1 - this.#random.unit()) ** (-1 / PARETO)
      : Math.exp(SIGMA * this.#random.normal());
  }
}
