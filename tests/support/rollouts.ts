import { GatewayError } from "../../src/domain/errors.ts";
import type { Policy } from "../../src/domain/rollout.ts";
import type { Asked, RolloutControl } from "../../src/rollouts/rollouts.ts";
import {
  type Action,
  type AdaptiveSummary,
  type Change,
  type Evidence,
  NOTHING_KNOWN,
  type PairSide,
  type PairSummary,
  type ProofEvidence,
  type RolloutView,
  type Run,
  type RunState,
} from "../../src/rollouts/run.ts";

import { until } from "./until.ts";

/** When everything here was begun. */
export const BEGUN = Date.parse("2027-01-31T18:00:00Z");

export const POLICY: Policy = {
  stages: [1, 5, 25, 50].map((percent) => ({
    percent,
    shadowPercent: percent === 1 ? 10 : 0,
    minRequests: 100,
    minMs: 600_000,
    soakMs: 300_000,
    proof: percent >= 25,
  })),
  guardrails: [
    { kind: "errors", ratio: 1.25 },
    { kind: "latency", margin: 0.1 },
  ],
  alpha: 0.01,
  proof: { margin: 0.02, each: "key" },
  onSuccess: "promote",
  onFailure: "rollback",
  shadow: { concurrency: 4, usdPerDay: 5 },
  adaptive: undefined,
};

export function evidence(fields: Partial<Evidence> = {}): Evidence {
  return {
    guardrail: "errors",
    logEvidence: 1.16,
    logThreshold: 5.8,
    logPeak: 2.1,
    control: { count: 12_345, events: 124, value: 0.01004 },
    candidate: { count: 650, events: 9, value: 0.01385 },
    pairs: undefined,
    allowed: "1.25 times the control's",
    neededRequests: 900,
    sees: "3 times as many as allowed",
    ...fields,
  };
}

export const PROOF: ProofEvidence = {
  margin: 0.02,
  isProved: false,
  difference: { low: -0.011, high: 0.034 },
  control: { count: 1200, events: 12, value: 0.01 },
  candidate: { count: 420, events: 5, value: 0.0119 },
  moreNeeded: 680,
  each: "key",
};

const PAIR_SIDE: PairSide = {
  errors: 2,
  invalid: 1,
  latencyMs: 812,
  firstTokenMs: 240,
  costUsd: 0.00213,
  length: 402,
};

export const PAIRS: PairSummary = {
  count: 250,
  agreement: 0.912,
  similarity: 0.95,
  sameTools: undefined,
  judged: { wins: 12, ties: 80, losses: 8 },
  control: PAIR_SIDE,
  candidate: { ...PAIR_SIDE, latencyMs: 401, firstTokenMs: undefined, costUsd: 0.00041 },
  spentUsd: 1.27,
  spentTodayUsd: 0.4,
};

export const ADAPTIVE: AdaptiveSummary = {
  control: { count: 10, mean: 0.5 },
  candidate: { count: 20, mean: 0.75 },
  probabilityBetter: 0.93,
  best: undefined,
};

export function run(fields: Partial<Run> = {}): Run {
  return {
    id: "run_1",
    rollout: "move",
    revision: 3,
    startedAt: BEGUN,
    changedAt: BEGUN + 900_000,
    state: "running",
    cause: undefined,
    control: "prompted",
    candidate: "tuned",
    fingerprint: "ab".repeat(8),
    policy: POLICY,
    sticky: true,
    stage: 1,
    epoch: 1,
    percent: 5,
    shadowPercent: 0,
    byHand: false,
    stageSince: BEGUN + 900_000,
    readySince: undefined,
    verdict: undefined,
    promotedOn: undefined,
    ...fields,
  };
}

export function view(fields: Partial<RolloutView> = {}): RolloutView {
  return {
    name: "move",
    control: "prompted",
    candidate: "tuned",
    run: run(),
    percent: 5,
    shadowPercent: 0,
    sides: { control: { requests: 12_345 }, candidate: { requests: 650 } },
    evidence: [evidence(), evidence({ guardrail: "latency", logEvidence: -0.4, sees: undefined })],
    proof: undefined,
    pairs: undefined,
    adaptive: undefined,
    waitsFor: ["42 more requests of the candidate", "3 more minutes"],
    dropped: 0,
    isBlind: false,
    isKnown: true,
    notices: [],
    ...fields,
  };
}

/** A rollout that nobody has started. */
export function unstarted(fields: Partial<RolloutView> = {}): RolloutView {
  return view({
    run: undefined,
    percent: 1,
    sides: { control: { requests: 0 }, candidate: { requests: 0 } },
    evidence: [],
    waitsFor: [],
    ...fields,
  });
}

export function change(fields: Partial<Change> = {}): Change {
  return {
    id: "change_1",
    run: "run_1",
    rollout: "move",
    at: BEGUN + 900_000,
    action: "advance",
    by: "crossover",
    reason: undefined,
    from: { state: "running", stage: 0, percent: 1 },
    to: { state: "running", stage: 1, percent: 5 },
    ground: "no_alarm",
    verdict: undefined,
    ...NOTHING_KNOWN,
    evidence: [evidence()],
    ...fields,
  };
}

const MOST_PERCENT = 100;

/** Rollouts in memory, of which nothing is judged: they do what people ask. */
export class FakeRollouts implements RolloutControl {
  readonly #views: Map<string, RolloutView>;
  readonly #changes: Change[] = [];
  readonly #runs: Run[] = [];
  #looks = 0;
  /** What it answers with instead. */
  failure: Error | undefined;

  constructor(...views: readonly RolloutView[]) {
    this.#views = new Map(views.map((one) => [one.name, one]));
    for (const one of views) if (one.run !== undefined) this.#runs.unshift(one.run);
  }

  put(view: RolloutView, ...changes: readonly Change[]): void {
    this.#views.set(view.name, view);
    this.#changes.unshift(...changes);
  }

  async views(): Promise<readonly RolloutView[]> {
    if (this.failure !== undefined) throw this.failure;
    return [...this.#views.values()];
  }

  /** Resolves once one was looked at so often. */
  async looked(times: number): Promise<void> {
    await until(() => this.#looks >= times);
  }

  async view(name: string): Promise<RolloutView> {
    this.#looks++;
    if (this.failure !== undefined) throw this.failure;
    const found = this.#views.get(name);
    if (found === undefined)
      throw new GatewayError({
        status: 404,
        type: "invalid_request_error",
        code: "rollout_not_found",
        message: "The configuration has no rollout of this name.",
        param: "name",
      });
    return found;
  }

  async changes(name: string, limit: number, before = Number.POSITIVE_INFINITY): Promise<readonly Change[]> {
    await this.view(name);
    return this.#changes.filter(({ rollout, at }) => rollout === name && at < before).slice(0, limit);
  }

  async runs(name: string, limit: number): Promise<readonly Run[]> {
    await this.view(name);
    return this.#runs.filter(({ rollout }) => rollout === name).slice(0, limit);
  }

  async start(name: string, asked: Asked & { readonly stage?: number | undefined }): Promise<RolloutView> {
    const stage = asked.stage ?? 0;
    const percent = POLICY.stages[stage]?.percent ?? 0;
    await this.#demand(name, undefined, "promoted", "rolled_back");
    this.#runs.unshift(run({ id: `run_${this.#runs.length + 1}`, rollout: name }));
    return this.#act(name, "start", asked, { state: "running", stage, percent });
  }

  async pause(name: string, asked: Asked): Promise<RolloutView> {
    const { run } = await this.#demand(name, "running");
    return this.#act(name, "pause", asked, { state: "paused", cause: "person", stage: run?.stage ?? 0 });
  }

  async resume(name: string, asked: Asked): Promise<RolloutView> {
    await this.#demand(name, "paused");
    return this.#act(name, "resume", asked, { state: "running", cause: undefined });
  }

  async promote(name: string, asked: Asked): Promise<RolloutView> {
    await this.#demand(name, "running", "paused");
    return this.#act(name, "promote", asked, {
      state: "promoted",
      percent: MOST_PERCENT,
      promotedOn: "person",
    });
  }

  async rollback(name: string, asked: Asked): Promise<RolloutView> {
    await this.#demand(name, "running", "paused", "promoted");
    return this.#act(name, "rollback", asked, { state: "rolled_back", percent: 0 });
  }

  async setWeight(name: string, percent: number, asked: Asked): Promise<RolloutView> {
    await this.#demand(name, "running", "paused");
    return this.#act(name, "set-weight", asked, { percent, byHand: true });
  }

  async #demand(name: string, ...states: readonly (RunState | undefined)[]): Promise<RolloutView> {
    const before = await this.view(name);
    if (!states.includes(before.run?.state))
      throw new GatewayError({
        status: 409,
        type: "invalid_request_error",
        code: "rollout_state",
        message: `The rollout is ${before.run?.state ?? "not started"}.`,
      });
    return before;
  }

  async #act(name: string, action: Action, asked: Asked, fields: Partial<Run>): Promise<RolloutView> {
    const before = await this.view(name);
    const after = run({ ...before.run, rollout: name, ...fields });
    const changed = { ...before, run: after, percent: after.percent };
    const told = change({
      id: `change_${this.#changes.length + 1}`,
      rollout: name,
      at: BEGUN + this.#changes.length * 1000,
      action,
      by: asked.by,
      reason: asked.reason,
      from: { state: before.run?.state ?? "none", stage: before.run?.stage, percent: before.percent },
      to: { state: after.state, stage: after.stage, percent: after.percent },
      ground: undefined,
    });
    this.put(changed, told);
    return changed;
  }
}
