import type { Guardrail, Policy, Side, Stage } from "../../src/domain/rollout.ts";
import { normalDraw, seededRandom } from "../../src/domain/statistics.ts";
import type {
  FeedbackObservation,
  Observation,
  PairObservation,
  Performance,
  RequestObservation,
} from "../../src/rollouts/observation.ts";

export const ALL_GUARDRAILS: readonly Guardrail[] = [
  { kind: "errors", ratio: 1.25 },
  { kind: "validity", ratio: 1.25 },
  { kind: "latency", margin: 0.1 },
  { kind: "first_token", margin: 0.1 },
  { kind: "cost", margin: 0.1 },
  { kind: "feedback", feedback: "stars", margin: 0.2, low: 1, high: 5, better: "higher" },
  { kind: "judge", margin: 0.05 },
];

export function stage(percent: number, shadowPercent = 0): Stage {
  return { percent, shadowPercent, minRequests: 100, minMs: 0, soakMs: 0, proof: percent >= 25 };
}

export function policyOf(given: Partial<Policy> = {}): Policy {
  return {
    stages: [stage(5), stage(25), stage(50)],
    guardrails: [{ kind: "errors", ratio: 1.25 }],
    alpha: 0.01,
    proof: { margin: 0.02, each: "request" },
    onSuccess: "promote",
    onFailure: "rollback",
    shadow: { concurrency: 1, usdPerDay: undefined },
    adaptive: undefined,
    ...given,
  };
}

export function performance(given: Partial<Performance> = {}): Performance {
  return {
    error: false,
    invalid: false,
    latencyMs: 1_000,
    firstTokenMs: 100,
    costUsd: 0.001,
    ...given,
  };
}

export function request(given: Partial<RequestObservation> = {}): RequestObservation {
  return {
    kind: "request",
    unit: undefined,
    side: "control",
    share: 0.05,
    stage: 0,
    epoch: 0,
    ...performance(),
    ...given,
  };
}

export function feedback(given: Partial<FeedbackObservation> = {}): FeedbackObservation {
  return {
    kind: "feedback",
    unit: undefined,
    side: "control",
    share: 0.05,
    stage: 0,
    epoch: 0,
    feedback: "stars",
    value: 4,
    ...given,
  };
}

export function pair(given: Partial<PairObservation> = {}): PairObservation {
  return {
    kind: "pair",
    unit: undefined,
    stage: 0,
    epoch: 0,
    control: performance(),
    candidate: performance(),
    agrees: true,
    similarity: 1,
    controlLength: 100,
    candidateLength: 100,
    sameTools: undefined,
    judged: undefined,
    spentUsd: 0.001,
    at: 0,
    ...given,
  };
}

/** How much worse the candidate is than the control. */
export interface Fault {
  readonly errors?: number;
  readonly invalid?: number;
  readonly latency?: number;
  readonly firstToken?: number;
  readonly cost?: number;
  /** Stars. */
  readonly stars?: number;
  /** Chance that the judge finds the control better, less that it finds the candidate better. */
  readonly judged?: number;
  /** Chance that a request of the candidate is not observed. */
  readonly lost?: number;
}

export interface Traffic {
  readonly seed: number;
  readonly requests: number;
  /** Sticky users, who have habits; 0: chance decides for each request. */
  readonly users: number;
  /** Of the candidate: from which request on it is its share. */
  readonly shares: readonly (readonly [from: number, share: number])[];
  readonly fault?: Fault;
  /** From which request on the candidate is worse. */
  readonly faultFrom?: number;
  /** Part of the requests with feedback, and part of the control's that are shadowed. */
  readonly rated?: number;
  readonly shadowed?: number;
}

/** Observations of a simulated rollout. */
export function* trafficOf(traffic: Traffic): Generator<Observation> {
  const random = seededRandom(traffic.seed);
  const normal = (): number => normalDraw(random);
  const users = Array.from({ length: traffic.users }, () => ({
    unit: random(),
    errors: 0.01 * Math.exp(normal() - 0.5),
    cost: Math.exp(normal() / 2),
    stars: normal() / 2,
  }));
  const chance = { unit: undefined, errors: 0.01, cost: 1, stars: 0 };
  for (let i = 0; i < traffic.requests; i++) {
    const stage = traffic.shares.findLastIndex(([from]) => from <= i);
    const share = traffic.shares[stage]?.[1] ?? 0;
    // Some users come far more often than others.
    const user = users[Math.floor(random() ** 3 * users.length)] ?? chance;
    const side: Side = (user.unit ?? random()) < share ? "candidate" : "control";
    const perform = (fault: Fault): Performance => ({
      error: random() < user.errors + (fault.errors ?? 0),
      invalid: random() < 0.02 + (fault.invalid ?? 0),
      latencyMs: 1_000 * Math.exp(0.6 * normal()) * (fault.latency ?? 1),
      firstTokenMs: 100 * Math.exp(0.4 * normal()) * (fault.firstToken ?? 1),
      costUsd: 0.001 * user.cost * Math.exp(0.5 * normal()) * (fault.cost ?? 1),
    });
    const worse = i >= (traffic.faultFrom ?? 0) ? (traffic.fault ?? {}) : {};
    const fault = side === "candidate" ? worse : {};
    const assignment = { unit: user.unit, side, share, stage, epoch: stage };
    const own = perform(fault);
    if (random() >= (fault.lost ?? 0)) yield { kind: "request", ...assignment, ...own };
    if (random() < (traffic.rated ?? 0)) {
      const stars = Math.round(Math.min(5, Math.max(1, 3.5 + user.stars + normal() - (fault.stars ?? 0))));
      yield { kind: "feedback", ...assignment, feedback: "stars", value: stars };
    }
    if (side === "candidate" || random() >= (traffic.shadowed ?? 0)) continue;
    const draw = random();
    const { unit, epoch } = assignment;
    const judged = draw < 0.3 ? 1 : draw < 0.6 + (worse.judged ?? 0) ? -1 : 0;
    yield pair({ unit, stage, epoch, control: own, candidate: perform(worse), judged, at: i * 1_000 });
  }
}
