import type { FeedbackObservation, RequestObservation } from "../../src/rollouts/observation.ts";

/** One object is filled anew for each request, as a full simulation has some billions of them. */
export type Reused<T> = { -readonly [Key in keyof T]: T[Key] };

/** A request of the control that went well, of which nothing was measured. */
export function blankRequest(share: number): Reused<RequestObservation> {
  return {
    kind: "request",
    unit: undefined,
    side: "control",
    share,
    stage: 0,
    epoch: 0,
    error: false,
    invalid: undefined,
    latencyMs: undefined,
    firstTokenMs: undefined,
    costUsd: undefined,
    costCapUsd: undefined,
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
