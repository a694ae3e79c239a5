import { randomUUID } from "node:crypto";
import type { Feedback, FeedbackValue } from "../domain/capture.ts";
import { GatewayError } from "../domain/errors.ts";
import type { Key } from "../domain/table.ts";
import { type StoredCapture, StoreError } from "../store/store.ts";
import type { Gateway } from "./gateway.ts";
import { observedFeedback } from "./observed-feedback.ts";
import { withStore } from "./stored.ts";

export interface GivenFeedback {
  readonly requestId: string;
  readonly name: string;
  readonly value: FeedbackValue;
  readonly comment?: string | undefined;
}

/**
 * Stores an outcome for an earlier request, without what redaction takes out.
 * @param key of the client, which gives feedback to its own requests alone; undefined where no key is asked for
 * @throws GatewayError 404 `request_not_found`, 429 `rate_limit_exceeded`, 503 `store_unavailable`
 */
export async function giveFeedback(
  gateway: Gateway,
  given: GivenFeedback,
  key: Key | undefined,
): Promise<Feedback> {
  if (key !== undefined) await gateway.admitFeedback(key);
  const { redact } = gateway.table.redaction.stored;
  const { requestId, name, value, comment } = given;
  const feedback = {
    id: `fb_${randomUUID().replaceAll("-", "")}`,
    requestId,
    name,
    value: typeof value === "string" ? redact(value) : value,
    comment: comment === undefined ? undefined : redact(comment),
    key: key?.name,
    at: Date.now(),
  };
  const capture = await withStore(gateway, async (store) => {
    // It may come right after its answer, while the capture still waits to be written. A failing store is not hurried.
    const isWritten = gateway.captures?.failing !== true && (await gateway.flushCaptures());
    const capture = await store.find(requestId);
    if (capture === undefined && !isWritten) throw new StoreError("captures wait to be written", true);
    if (capture === undefined || !maySee(key, capture)) throw requestNotFound();
    await store.addFeedback(feedback);
    if (capture.content === undefined) gateway.captures?.keepContent(requestId);
    return capture;
  });
  gateway.metrics.feedbackGiven(capture.route, capture.variant);
  observe(gateway, feedback, capture);
  return feedback;
}

/** Tells the rollout of the request, if its run is judged yet. */
function observe({ rollouts, table }: Gateway, feedback: Feedback, capture: StoredCapture): void {
  const { run, rollout } = capture;
  const configured = rollout === undefined ? undefined : table.rollouts.get(rollout);
  if (rollouts === undefined || run === undefined || configured === undefined) return;
  if (!rollouts.fits(configured, run)) return;
  const observation = observedFeedback(feedback, capture, configured);
  if (observation !== undefined) rollouts.observe(run, observation);
}

function maySee(key: Key | undefined, capture: StoredCapture): boolean {
  return key === undefined || key.admin || capture.key === key.name;
}

/** One answer for what is not there and for what is another's, so that it tells nothing of others' requests. */
function requestNotFound(): GatewayError {
  return new GatewayError({
    status: 404,
    type: "invalid_request_error",
    code: "request_not_found",
    message:
      "No request of this id is kept for your key. It may be mistyped, left out of capture, deleted meanwhile, or another key's.",
    param: "request_id",
  });
}
