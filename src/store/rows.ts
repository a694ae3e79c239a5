import { z } from "zod";
import type { Capture, CaptureContent, Feedback, FeedbackValue, UsageHour } from "../domain/capture.ts";
import { callDocument } from "./documents.ts";
import type { CaptureRow, ContentRow, FeedbackRow, UsageRow } from "./schema.ts";
import type { StoredCapture } from "./store.ts";

const metadata = z.record(z.string(), z.string());
const calls = z.array(callDocument);

/** Texts as both databases take them: Postgres refuses NUL, and UTF-8 has no half of a surrogate pair. */
export function clean(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  return wellFormed.includes("\0") ? wellFormed.replaceAll("\0", "\ufffd") : wellFormed;
}

function orNull(text: string | undefined): string | null {
  return text === undefined ? null : clean(text);
}

export function captureRow(seq: number, capture: Capture): CaptureRow {
  const { content } = capture;
  return {
    seq,
    id: clean(capture.id),
    at: capture.at,
    route: clean(capture.route),
    rule: clean(capture.rule),
    variant: clean(capture.variant),
    decided: clean(capture.decided),
    path: capture.path,
    model: clean(capture.model),
    provider: clean(capture.provider),
    propensity: capture.propensity,
    sticky_by: orNull(capture.stickyBy),
    sticky_key: orNull(capture.stickyKey),
    rollout: orNull(capture.rollout),
    stage: capture.stage ?? null,
    key: orNull(capture.key),
    user: orNull(capture.user),
    metadata: JSON.stringify(capture.metadata),
    status: capture.status,
    outcome: capture.outcome,
    error_code: orNull(capture.errorCode),
    attempts: capture.attempts,
    stream: Number(capture.stream),
    cached: Number(capture.cached),
    simulated: Number(capture.simulated),
    input_tokens: capture.inputTokens ?? null,
    cached_input_tokens: capture.cachedInputTokens ?? null,
    output_tokens: capture.outputTokens ?? null,
    added_tokens: capture.addedTokens,
    cost_usd: capture.costUsd ?? null,
    first_token_ms: capture.firstTokenMs ?? null,
    duration_ms: capture.durationMs,
    prompt: orNull(capture.prompt),
    prompt_version: orNull(capture.promptVersion),
    recipe: clean(capture.recipe),
    run: orNull(capture.run),
    epoch: capture.epoch ?? null,
    share: capture.share ?? null,
    table_version: orNull(capture.tableVersion),
    calls: capture.calls.length === 0 ? null : JSON.stringify(capture.calls),
    content_length: content === undefined ? null : lengthOf(content),
  };
}

function lengthOf({ request, query, answer, answerText }: CaptureContent): number {
  return request.length + query.length + (answer?.length ?? 0) + answerText.length;
}

export function contentRow(seq: number, content: CaptureContent): ContentRow {
  return {
    seq,
    request: clean(content.request),
    query: clean(content.query),
    answer: orNull(content.answer),
    answer_text: clean(content.answerText),
    finish_reason: orNull(content.finishReason),
    truncated: Number(content.truncated),
  };
}

function contentOf(row: ContentRow): CaptureContent {
  return {
    request: row.request,
    query: row.query,
    answer: row.answer ?? undefined,
    answerText: row.answer_text,
    finishReason: row.finish_reason ?? undefined,
    truncated: row.truncated === 1,
  };
}

export function captureOf(
  row: CaptureRow,
  content: ContentRow | undefined,
  feedback: readonly FeedbackRow[],
): StoredCapture {
  return {
    id: row.id,
    at: row.at,
    route: row.route,
    rule: row.rule,
    variant: row.variant,
    decided: row.decided,
    path: row.path,
    model: row.model,
    provider: row.provider,
    propensity: row.propensity,
    stickyBy: row.sticky_by ?? undefined,
    stickyKey: row.sticky_key ?? undefined,
    rollout: row.rollout ?? undefined,
    stage: row.stage ?? undefined,
    run: row.run ?? undefined,
    epoch: row.epoch ?? undefined,
    share: row.share ?? undefined,
    tableVersion: row.table_version ?? undefined,
    key: row.key ?? undefined,
    user: row.user ?? undefined,
    metadata: row.metadata === "{}" ? {} : metadata.parse(JSON.parse(row.metadata)),
    status: row.status,
    outcome: row.outcome,
    errorCode: row.error_code ?? undefined,
    attempts: row.attempts,
    calls: row.calls === null ? [] : calls.parse(JSON.parse(row.calls)),
    stream: row.stream === 1,
    cached: row.cached === 1,
    simulated: row.simulated === 1,
    inputTokens: row.input_tokens ?? undefined,
    cachedInputTokens: row.cached_input_tokens ?? undefined,
    outputTokens: row.output_tokens ?? undefined,
    addedTokens: row.added_tokens,
    costUsd: row.cost_usd ?? undefined,
    firstTokenMs: row.first_token_ms ?? undefined,
    durationMs: row.duration_ms,
    prompt: row.prompt ?? undefined,
    promptVersion: row.prompt_version ?? undefined,
    recipe: row.recipe,
    content: content === undefined ? undefined : contentOf(content),
    feedback: feedback.map(feedbackOf),
  };
}

export function feedbackRow(feedback: Feedback): FeedbackRow {
  return {
    id: clean(feedback.id),
    request_id: clean(feedback.requestId),
    name: clean(feedback.name),
    ...valueColumns(feedback.value),
    comment: orNull(feedback.comment),
    key: orNull(feedback.key),
    at: feedback.at,
  };
}

/** `true` counts as 1 and `false` as 0. */
export function valueColumns(value: FeedbackValue): Pick<FeedbackRow, "kind" | "number" | "text"> {
  switch (typeof value) {
    case "number":
      return { kind: "number", number: value, text: null };
    case "boolean":
      return { kind: "boolean", number: Number(value), text: null };
    case "string":
      return { kind: "text", number: null, text: clean(value) };
  }
}

function feedbackOf(row: FeedbackRow): Feedback {
  return {
    id: row.id,
    requestId: row.request_id,
    name: row.name,
    value: feedbackValue(row),
    comment: row.comment ?? undefined,
    key: row.key ?? undefined,
    at: row.at,
  };
}

function feedbackValue({ kind, number, text }: FeedbackRow): FeedbackValue {
  switch (kind) {
    case "number":
      return number ?? 0;
    case "boolean":
      return number === 1;
    case "text":
      return text ?? "";
  }
}

export function usageRow(usage: UsageHour): UsageRow {
  return {
    hour: usage.hour,
    route: clean(usage.route),
    variant: clean(usage.variant),
    path: usage.path,
    model: clean(usage.model),
    prompt_version: clean(usage.promptVersion ?? ""),
    requests: usage.requests,
    errors: usage.errors,
    failures: usage.failures,
    cached: usage.cached,
    priced: usage.priced,
    input_tokens: usage.inputTokens,
    cached_input_tokens: usage.cachedInputTokens,
    output_tokens: usage.outputTokens,
    added_tokens: usage.addedTokens,
    cost_usd: usage.costUsd,
    cost_usd_squares: usage.costUsdSquares,
    duration_ms: usage.durationMs,
  };
}

export function usageOf(row: UsageRow): UsageHour {
  return {
    hour: row.hour,
    route: row.route,
    variant: row.variant,
    path: row.path,
    model: row.model,
    promptVersion: row.prompt_version === "" ? undefined : row.prompt_version,
    requests: row.requests,
    errors: row.errors,
    failures: row.failures,
    cached: row.cached,
    priced: row.priced,
    inputTokens: row.input_tokens,
    cachedInputTokens: row.cached_input_tokens,
    outputTokens: row.output_tokens,
    addedTokens: row.added_tokens,
    costUsd: row.cost_usd,
    costUsdSquares: row.cost_usd_squares,
    durationMs: row.duration_ms,
  };
}
