import type { Side } from "../domain/rollout.ts";

/** How a request was assigned to a side: all of it was known before its outcome was. */
export interface Assignment {
  /** A number for the sticky key, the same for the same key within a rollout. Undefined: chance decided for this request. */
  readonly unit: number | undefined;
  readonly side: Side;
  /** The candidate's share of the requests then, from 0 to 1. */
  readonly share: number;
  readonly stage: number;
  readonly epoch: number;
}

/** How a side did on a request. */
export interface Performance {
  readonly error: boolean;
  /** Undefined where there is no answer, or nothing to tell it by. */
  readonly invalid: boolean | undefined;
  /** Undefined where the answer did not come to its end. */
  readonly latencyMs: number | undefined;
  /** Undefined for an answer in one piece. */
  readonly firstTokenMs: number | undefined;
  readonly costUsd: number | undefined;
}

/** A request that ended. */
export interface RequestObservation extends Assignment, Performance {
  readonly kind: "request";
  /**
   * Did it end before its side could answer or fail: was nothing sent, or did the client leave? It tells of the shares, and of
   * times as long as it lasted, but not how often the side fails.
   */
  readonly censored?: boolean | undefined;
}

/** The first feedback of a name on a request. */
export interface FeedbackObservation extends Assignment {
  readonly kind: "feedback";
  readonly feedback: string;
  /** As it was given; true is 1, false is 0. */
  readonly value: number;
}

/** A request that the control answered and that was shadowed. */
export interface PairObservation {
  readonly kind: "pair";
  readonly unit: number | undefined;
  readonly stage: number;
  readonly epoch: number;
  readonly control: Performance;
  readonly candidate: Performance;
  /** Do they say the same? Undefined where one did not answer. */
  readonly agrees: boolean | undefined;
  /** How much alike the answers are, from 0 to 1. */
  readonly similarity: number | undefined;
  readonly controlLength: number | undefined;
  readonly candidateLength: number | undefined;
  /** Did the candidate want to call the same tools? Undefined where neither wanted to call any. */
  readonly sameTools: boolean | undefined;
  /** -1: the control's answer is better; 0: as good; 1: the candidate's is better. Undefined: nobody judged. */
  readonly judged: number | undefined;
  /** What shadowing it cost, the judge included. */
  readonly spentUsd: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export type Observation = RequestObservation | FeedbackObservation | PairObservation;
