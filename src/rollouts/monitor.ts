import type { Policy, Side } from "../domain/rollout.ts";
import { Units } from "../statistics/first-events.ts";
import { packBytes, unpackBytes } from "../statistics/packed-bytes.ts";
import type { Board } from "./guardrails/gauge.ts";
import type { Guard } from "./guardrails/guard.ts";
import { guardsOf } from "./guardrails/guards.ts";
import { FRESH_EPOCHS, type Seat } from "./guardrails/seat.ts";
import { evidenceOf, type MonitorState, monitorState } from "./monitor-state.ts";
import type { Observation, PairObservation, RequestObservation } from "./observation.ts";
import { PairSums } from "./pair-sums.ts";
import { Proof } from "./proof.ts";
import { RewardSums } from "./reward.ts";
import type { AdaptiveSummary, Evidence, PairSummary, ProofEvidence } from "./run.ts";

export type { MonitorState } from "./monitor-state.ts";

/** After so many requests of a fresh epoch the next one begins. */
const FRESH_REQUESTS = 10_000;

/** How a run is judged. */
export interface MonitorSpec {
  readonly policy: Policy;
  /** Does a key decide the side, rather than chance for each request? */
  readonly sticky: boolean;
}

/** The first crossing of a run. */
export interface Alarm {
  /** `sample_ratio`: no verdict on the candidate can be trusted. */
  readonly kind: "failed" | "sample_ratio";
  readonly guardrail: string;
  readonly evidence: Evidence;
  /** Of the observation within the run, from 1. */
  readonly observation: number;
}

interface StageCounts {
  readonly stage: number;
  readonly control: number;
  readonly candidate: number;
  readonly pairs: number;
  /** Distinct sticky keys. */
  readonly keys: number;
}

/** Requests by side. */
class SideCounts {
  control = 0;
  candidate = 0;

  add(side: Side): void {
    if (side === "candidate") this.candidate++;
    else this.control++;
  }
}

/**
 * All that is known of a run, from its observations one after another. The same observations in the same order give the
 * same verdict at the same one, wherever and however often it was put down and taken up again as JSON.
 */
export class Monitor {
  readonly #policy: Policy;
  readonly #sticky: boolean;
  readonly #units = new Units();
  readonly #guards: readonly Guard[];
  readonly #seat: Seat = { side: "control", share: 0, unit: -1, isFresh: true, epoch: 1 };
  readonly #board: Board = { isCrossed: false };
  #alarm: Alarm | undefined;
  #observed = 0;
  #stage = 0;
  #epoch = 0;
  #freshNumber = 1;
  #freshSince = 0;
  #freshRequests = 0;
  readonly #requests = new SideCounts();
  readonly #stageRequests = new SideCounts();
  #stagePairs = 0;
  #stageKeys = 0;
  #stageOfUnit = new Uint8Array(64);
  readonly #proof: Proof;
  readonly #pairSums = new PairSums();
  readonly #rewards: RewardSums | undefined;

  constructor({ policy, sticky }: MonitorSpec) {
    this.#policy = policy;
    this.#sticky = sticky;
    this.#guards = guardsOf(policy, this.#units, this.#board);
    this.#proof = new Proof(policy.proof);
    this.#rewards = policy.adaptive && new RewardSums(policy.adaptive, this.#units);
  }

  /** @throws Error for a state that can't be read, or is of a run that is judged in another way */
  static from(spec: MonitorSpec, state: unknown): Monitor {
    const monitor = new Monitor(spec);
    monitor.#restore(monitorState.parse(state));
    return monitor;
  }

  /** Takes an observation in. @returns the first crossing of the run, when this observation is it */
  observe(observation: Observation): Alarm | undefined {
    this.#observed++;
    this.#enter(observation.stage, observation.epoch);
    const seat = this.#seat;
    seat.unit = this.#units.indexOf(this.#sticky ? observation.unit : undefined);
    seat.isFresh = observation.epoch >= this.#freshSince;
    seat.epoch = this.#freshNumber;
    switch (observation.kind) {
      case "request":
        seat.side = observation.side;
        seat.share = observation.share;
        this.#request(observation);
        break;
      case "feedback":
        seat.side = observation.side;
        seat.share = observation.share;
        for (const guard of this.#guards) guard.feedback(observation, seat);
        this.#rewards?.feedback(observation, seat);
        break;
      case "pair":
        this.#pair(observation);
        break;
    }
    return this.#board.isCrossed && this.#alarm === undefined ? this.#sound() : undefined;
  }

  get alarm(): Alarm | undefined {
    return this.#alarm;
  }

  /** How many observations there were. */
  get observed(): number {
    return this.#observed;
  }

  /** Distinct sticky keys: how large the state is. */
  get units(): number {
    return this.#units.count;
  }

  /** Requests by side. */
  get counts(): Readonly<Record<Side, number>> {
    return this.#requests;
  }

  /** What was assigned in the newest stage, and could answer or fail. */
  get stageCounts(): StageCounts {
    const { control, candidate } = this.#stageRequests;
    return { stage: this.#stage, control, candidate, pairs: this.#stagePairs, keys: this.#stageKeys };
  }

  evidence(): readonly Evidence[] {
    return this.#guards.map((guard) => guard.evidence());
  }

  /** Of the newest stage; undefined: one side has nothing there yet. Takes some time when there is news. */
  proof(): ProofEvidence | undefined {
    return this.#proof.evidence();
  }

  /** @param day today (UTC), in days since 1970; the newest day of a pair if nothing is said */
  pairs(day?: number): PairSummary | undefined {
    return this.#pairSums.summary(day);
  }

  /** Undefined: the policy has no adaptive mode. */
  adaptive(): AdaptiveSummary | undefined {
    return this.#rewards?.summary();
  }

  /** In USD, on a day since the newest of a pair. @param day (UTC) in days since 1970 */
  shadowSpent(day: number): number {
    return this.#pairSums.spent(day);
  }

  state(): MonitorState {
    return {
      observed: this.#observed,
      alarm: this.#alarm,
      epoch: this.#epoch,
      freshNumber: this.#freshNumber,
      freshSince: this.#freshSince,
      freshRequests: this.#freshRequests,
      counts: { ...this.#requests },
      stageCounts: this.stageCounts,
      proof: this.#proof.state(),
      pairs: this.#pairSums.state(),
      rewards: this.#rewards?.state(),
      units: this.#units.state(),
      stageOfUnit: packBytes(this.#stageOfUnit.subarray(0, this.#units.count)),
      guards: this.#guards.map((guard) => ({
        name: guard.name,
        peak: Number.isFinite(guard.gauge.logPeak) ? guard.gauge.logPeak : null,
        state: guard.state(),
      })),
    };
  }

  #restore(state: MonitorState): void {
    this.#observed = state.observed;
    this.#alarm = state.alarm && { ...state.alarm, evidence: evidenceOf(state.alarm.evidence) };
    this.#epoch = state.epoch;
    this.#freshNumber = state.freshNumber;
    this.#freshSince = state.freshSince;
    this.#freshRequests = state.freshRequests;
    Object.assign(this.#requests, state.counts);
    const { stage, control, candidate, pairs, keys } = state.stageCounts;
    this.#stage = stage;
    Object.assign(this.#stageRequests, { control, candidate });
    this.#stagePairs = pairs;
    this.#stageKeys = keys;
    this.#units.restore(state.units);
    this.#proof.restore(state.proof);
    this.#pairSums.restore(state.pairs);
    if (state.rewards !== undefined) this.#rewards?.restore(state.rewards);
    this.#stageOfUnit = unpackBytes(state.stageOfUnit, this.#units.count);
    const names = (guards: readonly { readonly name: string }[]): string =>
      guards.map(({ name }) => name).join();
    if (names(state.guards) !== names(this.#guards)) throw new Error("a state of other guardrails");
    state.guards.forEach(({ peak, state: kept }, i) => {
      const guard = this.#guards[i];
      guard?.restore(kept);
      if (guard !== undefined && peak !== null) guard.gauge.logPeak = peak;
    });
  }

  #enter(stage: number, epoch: number): void {
    const isHigherStage = stage > this.#stage;
    const isHigherEpoch = epoch > this.#epoch;
    if (!isHigherStage && !isHigherEpoch) return;
    if (isHigherStage) {
      this.#stage = stage;
      Object.assign(this.#stageRequests, new SideCounts());
      this.#stagePairs = 0;
      this.#stageKeys = 0;
      this.#proof.reset();
    }
    if (isHigherEpoch) this.#epoch = epoch;
    if (isHigherStage) this.#renew(0, epoch);
    else if (this.#sticky) this.#renew(this.#stagesToCome, epoch);
  }

  get #stagesToCome(): number {
    return this.#policy.stages.length - 1 - this.#stage;
  }

  /**
   * Begins a fresh epoch, unless all that may be kept free are used up: then the last one goes on.
   * @param reserved so many are kept for the stages to come
   * @param since what was assigned in an older epoch of the run is not of this one
   */
  #renew(reserved: number, since: number): void {
    this.#freshRequests = 0;
    if (this.#freshNumber + Math.max(0, reserved) >= FRESH_EPOCHS) return;
    this.#freshNumber++;
    this.#freshSince = since;
    for (const guard of this.#guards) guard.renew();
  }

  #request(observation: RequestObservation): void {
    if (this.#freshRequests++ >= FRESH_REQUESTS) {
      this.#renew(this.#stagesToCome, this.#freshSince);
      this.#seat.epoch = this.#freshNumber;
      this.#freshRequests = 1;
    }
    this.#requests.add(observation.side);
    if (observation.stage === this.#stage && !observation.censored) {
      this.#stageRequests.add(observation.side);
      const isFirst = this.#countKey();
      this.#proof.count(observation, isFirst);
    }
    for (const guard of this.#guards) guard.request(observation, this.#seat);
    this.#rewards?.request(observation, this.#seat);
  }

  #pair(observation: PairObservation): void {
    this.#pairSums.add(observation);
    if (observation.stage === this.#stage) this.#stagePairs++;
    for (const guard of this.#guards) guard.pair(observation, this.#seat);
  }

  /** @returns whether the unit had no request in this stage before; always for one that chance alone assigned */
  #countKey(): boolean {
    const { unit } = this.#seat;
    if (unit < 0) return true;
    if (unit >= this.#stageOfUnit.length) {
      const larger = new Uint8Array(2 * unit + 64);
      larger.set(this.#stageOfUnit);
      this.#stageOfUnit = larger;
    }
    const mark = (this.#stage % 255) + 1;
    if (this.#stageOfUnit[unit] === mark) return false;
    this.#stageOfUnit[unit] = mark;
    this.#stageKeys++;
    return true;
  }

  #sound(): Alarm | undefined {
    const guard = this.#guards.find(({ gauge }) => gauge.isCrossed);
    if (guard === undefined) return undefined;
    const kind = guard.name === "sample_ratio" ? "sample_ratio" : "failed";
    const evidence = guard.evidence();
    this.#alarm = { kind, guardrail: guard.name, evidence, observation: this.#observed };
    return this.#alarm;
  }
}
