import type { CaptureFacts, FeedbackValue } from "../domain/capture.ts";
import { isRedacted } from "../domain/redactor.ts";
import type { Rollout } from "../domain/rollout.ts";
import type { FeedbackObservation } from "../rollouts/observation.ts";
import { unitIn } from "../routing/choose.ts";
import type { StoredCapture } from "../store/store.ts";

/**
 * What a rollout's guardrails are to know of feedback: the first of its name on a request, if it is a number or yes or no.
 * @param capture as it was before
 * @returns undefined for all other feedback
 */
export function observedFeedback(
  { name, value }: { readonly name: string; readonly value: FeedbackValue },
  capture: StoredCapture,
  rollout: Rollout | undefined,
): FeedbackObservation | undefined {
  const { share, stage, epoch, stickyKey, decided, cached } = capture;
  if (rollout === undefined || share === undefined || stage === undefined || epoch === undefined)
    return undefined;
  if (typeof value === "string" || cached || capture.variant !== decided) return undefined;
  if (capture.feedback.some((one) => one.name === name)) return undefined;
  if (stickyKey !== undefined && isRedacted(stickyKey)) return undefined; // it is not the one that decided then
  const side = sideOf(capture, rollout);
  if (capture.recipe !== rollout[side].recipe.version) return undefined; // it is about another answerer
  return {
    kind: "feedback",
    unit: stickyKey === undefined ? undefined : unitIn(rollout.name, stickyKey),
    side,
    share,
    stage,
    epoch,
    feedback: name,
    value: Number(value),
  };
}

function sideOf({ decided }: CaptureFacts, { candidate }: Rollout): "candidate" | "control" {
  return decided === candidate.name ? "candidate" : "control";
}
