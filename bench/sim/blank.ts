import type {
  FeedbackObservation,
  PairObservation,
  Performance,
  RequestObservation,
} from "../../src/rollouts/observation.ts";

/** One object is filled anew for each request, as a full simulation has some billions of them. */
export type Reused<T> = { -readonly [Key in keyof T]: T[Key] };

/** A pair whose sides are filled in anew too. */
export type ReusedPair = Reused<Omit<PairObservation, "control" | "candidate">> & {
  readonly control: Reused<Performance>;
  readonly candidate: Reused<Performance>;
};

/** A request that went well, of which nothing was measured. */
function blankPerformance(): Reused<Performance> {
  return {
    error: false,
    invalid: undefined,
    latencyMs: undefined,
    firstTokenMs: undefined,
    costUsd: undefined,
  };
}

/** Of the control. */
export function blankRequest(share: number): Reused<RequestObservation> {
  return {
    kind: "request",
    unit: undefined,
    side: "control",
    share,
    stage: 0,
    epoch: 0,
    ...blankPerformance(),
  };
}

export function blankPair(): ReusedPair {
  return {
    kind: "pair",
    unit: undefined,
    stage: 0,
    epoch: 0,
    control: blankPerformance(),
    candidate: blankPerformance(),
    agrees: undefined,
    similarity: undefined,
    controlLength: undefined,
    candidateLength: undefined,
    sameTools: undefined,
    judged: undefined,
    spentUsd: 0,
    at: 0,
  };
}

export function blankFeedback(feedback: string): Reused<FeedbackObservation> {
  return {
    kind: "feedback",
    unit: undefined,
    side: "control",
    share: 0,
    stage: 0,
    epoch: 0,
    feedback,
    value: 0,
  };
}
