import type {
  Capture,
  CaptureContent,
  CapturedCall,
  Feedback,
  Recipe,
  UsageHour,
} from "../../src/domain/capture.ts";
import type { StoredChange, StoredRun } from "../../src/store/rollout-store.ts";
import type { Batch } from "../../src/store/store.ts";
import type { StoredTuningJob } from "../../src/store/tuning-jobs.ts";

export function contentOf(query: string, answerText: string): CaptureContent {
  return {
    request: JSON.stringify({ model: "recipes", messages: [{ role: "user", content: query }] }),
    query,
    answer: JSON.stringify({ choices: [{ message: { role: "assistant", content: answerText } }] }),
    answerText,
    finishReason: "stop",
    truncated: false,
  };
}

export function capture(id: string, changes: Partial<Capture> = {}): Capture {
  return {
    id,
    at: 1_000,
    route: "recipes",
    rule: "default",
    variant: "prompted",
    decided: "prompted",
    path: "enriched",
    model: "gpt-4o-mini",
    provider: "openai",
    propensity: 0.5,
    stickyBy: "user",
    stickyKey: "hash",
    rollout: undefined,
    stage: undefined,
    run: undefined,
    epoch: undefined,
    share: undefined,
    tableVersion: "t1",
    key: "app",
    user: "ada",
    metadata: { team: "kitchen" },
    status: 200,
    outcome: "success",
    errorCode: undefined,
    attempts: 1,
    calls: [],
    stream: true,
    cached: false,
    simulated: false,
    inputTokens: 100,
    cachedInputTokens: 0,
    outputTokens: 20,
    addedTokens: 80,
    costUsd: 0.000_123,
    firstTokenMs: 12.5,
    durationMs: 230.25,
    prompt: "chef",
    promptVersion: "v1",
    recipe: "r1",
    content: contentOf("Quick tomato soup", "Chop the onions."),
    ...changes,
  };
}

export function call(changes: Partial<CapturedCall> = {}): CapturedCall {
  return {
    variant: "prompted",
    model: "gpt-4o-mini",
    outcome: "success",
    status: 200,
    startedMs: 1.5,
    durationMs: 228.75,
    hedge: false,
    note: undefined,
    ...changes,
  };
}

export function batch(parts: Partial<Batch>): Batch {
  return { captures: [], recipes: [], usage: [], ...parts };
}

export function feedback(id: string, requestId: string, changes: Partial<Feedback> = {}): Feedback {
  return {
    id,
    requestId,
    name: "thumbs",
    value: true,
    comment: undefined,
    key: "app",
    at: 2_000,
    ...changes,
  };
}

export function usage(changes: Partial<UsageHour> = {}): UsageHour {
  return {
    hour: 3_600_000,
    route: "recipes",
    variant: "prompted",
    path: "enriched",
    model: "gpt-4o-mini",
    promptVersion: "v1",
    requests: 2,
    errors: 1,
    failures: 1,
    cached: 0,
    priced: 1,
    inputTokens: 200,
    cachedInputTokens: 10,
    outputTokens: 40,
    addedTokens: 160,
    costUsd: 0.5,
    costUsdSquares: 0.25,
    durationMs: 460.5,
    ...changes,
  };
}

export const recipe: Recipe = {
  version: "r1",
  prompt: {
    name: "chef",
    version: "v1",
    system: "You are a chef.",
    literalExamples: false,
    examples: [
      { role: "user", text: "Soup?" },
      { role: "assistant", text: "Soup." },
    ],
    cue: undefined,
    merge: "prepend",
  },
  params: { temperature: "0.2" },
  bare: "strip-system",
  upstreamModel: "gpt-4o-mini",
  streamUsage: true,
  metadata: "if-stored",
};

export function tuningJob(id: string, changed: Partial<StoredTuningJob> = {}): StoredTuningJob {
  return {
    id,
    at: 1_000,
    route: "support",
    provider: "openai",
    state: "uploading",
    open: true,
    fingerprint: `of ${id}`,
    owner: undefined,
    ownedUntil: 0,
    revision: 1,
    document: '{"n":1}',
    ...changed,
  };
}

export function rolloutRun(id: string, changed: Partial<StoredRun> = {}): StoredRun {
  return {
    id,
    rollout: "migration",
    at: 1_000,
    state: "running",
    revision: 1,
    document: '{"percent":1}',
    ...changed,
  };
}

export function rolloutChange(id: string, changed: Partial<StoredChange> = {}): StoredChange {
  return {
    id,
    run: "a",
    rollout: "migration",
    at: 1_000,
    action: "start",
    document: '{"by":"ada"}',
    ...changed,
  };
}
