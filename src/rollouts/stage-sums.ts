import type { Policy, Side } from "../domain/rollout.ts";
import { grown, packBytes, unpackBytes } from "../statistics/packed-bytes.ts";
import type { MonitorState } from "./monitor-state.ts";
import type { PairObservation, RequestObservation } from "./observation.ts";
import { Proof } from "./proof.ts";
import type { ProofEvidence } from "./run.ts";

export interface StageCounts {
  readonly stage: number;
  readonly control: number;
  readonly candidate: number;
  readonly pairs: number;
  /** Distinct sticky keys. */
  readonly keys: number;
}

type StageState = Pick<MonitorState, "stageCounts" | "proof" | "stageOfUnit">;

/** Requests by side. */
export class SideCounts {
  control = 0;
  candidate = 0;

  add(side: Side): void {
    if (side === "candidate") this.candidate++;
    else this.control++;
  }
}

/** What was assigned in the newest stage of a run: how much there was of it, and what it proves. */
export class StageSums {
  #stage = 0;
  readonly #requests = new SideCounts();
  #pairs = 0;
  #keys = 0;
  /** By unit: a mark of the stage in which it was seen last. */
  #stageOfUnit = new Uint8Array(64);
  readonly #proof: Proof;

  constructor(settings: Policy["proof"]) {
    this.#proof = new Proof(settings);
  }

  get stage(): number {
    return this.#stage;
  }

  get counts(): StageCounts {
    const { control, candidate } = this.#requests;
    return { stage: this.#stage, control, candidate, pairs: this.#pairs, keys: this.#keys };
  }

  /** Undefined: one side has nothing yet. Takes some time when there is news. */
  proof(): ProofEvidence | undefined {
    return this.#proof.evidence();
  }

  /** Another stage begins. */
  begin(stage: number): void {
    this.#stage = stage;
    Object.assign(this.#requests, new SideCounts());
    this.#pairs = 0;
    this.#keys = 0;
    this.#proof.reset();
  }

  /** Of another stage, or one that could neither answer nor fail, it takes no note. @param unit its index; -1: chance alone assigned it */
  request(observation: RequestObservation, unit: number): void {
    if (observation.stage !== this.#stage || observation.censored) return;
    this.#requests.add(observation.side);
    this.#proof.count(observation, this.#countKey(unit));
  }

  pair({ stage }: PairObservation): void {
    if (stage === this.#stage) this.#pairs++;
  }

  /** @param units how many there are */
  state(units: number): StageState {
    return {
      stageCounts: this.counts,
      proof: this.#proof.state(),
      stageOfUnit: packBytes(this.#stageOfUnit.subarray(0, units)),
    };
  }

  restore({ stageCounts, proof, stageOfUnit }: StageState, units: number): void {
    const { stage, control, candidate, pairs, keys } = stageCounts;
    this.#stage = stage;
    Object.assign(this.#requests, { control, candidate });
    this.#pairs = pairs;
    this.#keys = keys;
    this.#proof.restore(proof);
    this.#stageOfUnit = unpackBytes(stageOfUnit, units);
  }

  /** @returns whether the unit had no request in this stage before; always for one that chance alone assigned */
  #countKey(unit: number): boolean {
    if (unit < 0) return true;
    if (unit >= this.#stageOfUnit.length) this.#stageOfUnit = grown(this.#stageOfUnit, unit);
    const mark = (this.#stage % 255) + 1;
    if (this.#stageOfUnit[unit] === mark) return false;
    this.#stageOfUnit[unit] = mark;
    this.#keys++;
    return true;
  }
}
