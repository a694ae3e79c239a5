import type { Feedback, FeedbackValue } from "../../src/domain/capture.ts";
import type { StoredCapture } from "../../src/store/store.ts";
import { factsOf } from "../support/facts.ts";

/** What a test says of a capture; all else is as it mostly is. */
export interface Said extends Partial<Omit<StoredCapture, "content" | "feedback">> {
  /** The text of the only message, or the members of the request. */
  readonly query?: string | Readonly<Record<string, unknown>>;
  /** The answer's text, or its message. */
  readonly answer?: string | Readonly<Record<string, unknown>>;
  readonly finishReason?: string;
  readonly truncated?: boolean;
  readonly feedback?: Readonly<Record<string, FeedbackValue>>;
}

/** A capture of a successful request on the enriched path. */
export function captured(said: Said = {}): StoredCapture {
  const { query = "How long do eggs boil?", answer = "Ten minutes.", feedback = {}, ...facts } = said;
  const { finishReason = "stop", truncated = false, ...rest } = facts;
  const id = rest.id ?? "req-1";
  const request = {
    model: "recipes",
    ...(typeof query === "string" ? { messages: [{ role: "user", content: query }] } : query),
  };
  const message = typeof answer === "string" ? { role: "assistant", content: answer, refusal: null } : answer;
  const completion = { id: "chatcmpl-1", choices: [{ index: 0, message, finish_reason: finishReason }] };
  return {
    ...factsOf(id, { ...FACTS, ...rest }),
    content: {
      request: JSON.stringify(request),
      query: typeof query === "string" ? query : "",
      answer: JSON.stringify(completion),
      answerText: typeof answer === "string" ? answer : "",
      finishReason,
      truncated,
    },
    feedback: Object.entries(feedback).map(([name, value], index) => feedbackOf(id, name, value, index)),
  };
}

export function feedbackOf(requestId: string, name: string, value: FeedbackValue, at = 0): Feedback {
  return { id: `${requestId}-${at}`, requestId, name, value, comment: undefined, key: undefined, at };
}

const FACTS = {
  at: Date.parse("2026-11-01T12:00:00Z"),
  route: "recipes",
  provider: "openai",
  key: "app",
  inputTokens: 100,
  cachedInputTokens: 0,
  addedTokens: 80,
  costUsd: 0.0001,
  prompt: "recipe-assistant",
  promptVersion: "p1",
} as const;
