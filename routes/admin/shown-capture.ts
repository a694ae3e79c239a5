import type { z } from "zod";
import { shownCallOf } from "../../src/captures/shown-call.ts";
import { shownOutcomeOf } from "../../src/captures/shown-outcome.ts";
import type { StoredCapture } from "../../src/store/store.ts";
import { feedbackAnswer } from "../feedback.ts";
import type { shownCapture } from "./capture-fields.ts";

const SHORT = 200;

export type CaptureAnswer = Readonly<z.infer<typeof shownCapture>>;

/** A capture in a list: its facts, and the beginnings of its texts. */
export function summaryOf(capture: StoredCapture): CaptureAnswer {
  const shown = shownOf(capture);
  return { ...shown, query: beginningOf(shown.query), answer_text: beginningOf(shown.answer_text) };
}

/**
 * A capture with all its texts, as JSON. Bodies stand in it as they are kept, each number and escape as it was.
 * @param upstreamRequest JSON of what went upstream, where it could be rebuilt
 */
export function wholeJson(capture: StoredCapture, upstreamRequest: string | undefined): string {
  const { request, answer } = capture.content ?? {};
  const bodies = Object.entries({ request, answer, upstream_request: upstreamRequest })
    .map(([name, json]) => `,"${name}":${json ?? null}`)
    .join("");
  return `${JSON.stringify(shownOf(capture)).slice(0, -1)}${bodies}}`;
}

function shownOf(capture: StoredCapture): CaptureAnswer {
  const { content } = capture;
  return {
    object: "crossover.capture",
    id: capture.id,
    created_at: new Date(capture.at).toISOString(),
    route: capture.route,
    rule: capture.rule,
    variant: capture.variant,
    decided_variant: capture.decided,
    path: capture.path,
    model: capture.model,
    provider: capture.provider,
    propensity: capture.propensity,
    sticky_by: capture.stickyBy ?? null,
    sticky_key: capture.stickyKey ?? null,
    rollout: capture.rollout ?? null,
    stage: capture.stage ?? null,
    run: capture.run ?? null,
    epoch: capture.epoch ?? null,
    share: capture.share ?? null,
    table_version: capture.tableVersion ?? null,
    key: capture.key ?? null,
    user: capture.user ?? null,
    metadata: capture.metadata,
    ...shownOutcomeOf(capture),
    calls: capture.calls.map(shownCallOf),
    stream: capture.stream,
    cached_input_tokens: capture.cachedInputTokens ?? null,
    added_tokens: capture.addedTokens,
    prompt: capture.prompt ?? null,
    prompt_version: capture.promptVersion ?? null,
    recipe: capture.recipe,
    query: content?.query ?? null,
    answer_text: content?.answerText ?? null,
    finish_reason: content?.finishReason ?? null,
    truncated: content?.truncated ?? false,
    feedback: capture.feedback.map(feedbackAnswer),
  };
}

/** Whole characters, of which one may take two places in a text. */
function beginningOf(text: string | null): string | null {
  if (text === null || text.length <= SHORT) return text;
  const characters = [...text.slice(0, 2 * SHORT)];
  return characters.length <= SHORT && text.length <= 2 * SHORT
    ? text
    : `${characters.slice(0, SHORT).join("")}…`;
}
