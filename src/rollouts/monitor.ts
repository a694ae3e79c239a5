import type { Policy, Side } from "../domain/rollout.ts";
import { Units } from "../statistics/first-events.ts";
import type { Board } from "./guardrails/gauge.ts";
import type { Guard } from "./guardrails/guard.ts";
import { guardsOf } from "./guardrails/guards.ts";
import { FRESH_EPOCHS, type Seat } from "./guardrails/seat.ts";
import { evidenceOf, type MonitorState, monitorState } from "./monitor-state.ts";
import type { Observation, PairObservation, RequestObservation } from "./observation.ts";
import { PairSums } from "./pair-sums.ts";
import { RewardSums } from "./reward.ts";
import type { AdaptiveSummary, Evidence, PairSummary, ProofEvidence } from "./run.ts";
import { SideCounts, type StageCounts, StageSums } from "./stage-sums.ts";

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
  #epoch = 0;
  #freshNumber = 1;
  #freshSince = 0;
  #freshRequests = 0;
  readonly #requests = new SideCounts();
  readonly #stage: StageSums;
  readonly #pairSums = new PairSums();
  readonly #rewards: RewardSums | undefined;

  constructor({ policy, sticky }: MonitorSpec) {
    this.#policy = policy;
    this.#sticky = sticky;
    this.#guards = guardsOf(policy, this.#units, this.#board);
    this.#stage = new StageSums(policy.proof);
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
    return this.#stage.counts;
  }

  evidence(): readonly Evidence[] {
    return this.#guards.map((guard) => guard.evidence());
  }

  /** Of the newest stage; undefined: one side has nothing there yet. Takes some time when there is news. */
  proof(): ProofEvidence | undefined {
    return this.#stage.proof();
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
      ...this.#stage.state(this.#units.count),
      pairs: this.#pairSums.state(),
      rewards: this.#rewards?.state(),
      units: this.#units.state(),
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
    this.#units.restore(state.units);
    this.#stage.restore(state, this.#units.count);
    this.#pairSums.restore(state.pairs);
    if (state.rewards !== undefined) this.#rewards?.restore(state.rewards);
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
    const isHigherStage = stage > this.#stage.stage;
    const isHigherEpoch = epoch > this.#epoch;
    if (!isHigherStage && !isHigherEpoch) return;
    if (isHigherStage) this.#stage.begin(stage);
    if (isHigherEpoch) this.#epoch = epoch;
    if (isHigherStage) this.#renew(0, epoch);
    else if (this.#sticky) this.#renew(this.#stagesToCome, epoch);
  }

  get #stagesToCome(): number {
    return this.#policy.stages.length - 1 - this.#stage.stage;
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
    this.#stage.request(observation, this.#seat.unit);
    for (const guard of this.#guards) guard.request(observation, this.#seat);
    this.#rewards?.request(observation, this.#seat);
  }

  #pair(observation: PairObservation): void {
    this.#pairSums.add(observation);
    this.#stage.pair(observation);
    for (const guard of this.#guards) guard.pair(observation, this.#seat);
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
