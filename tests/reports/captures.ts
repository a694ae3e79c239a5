import type { StoredCapture } from "../../src/store/store.ts";
import { factsOf } from "../support/facts.ts";
import { START } from "./usage.ts";

interface Told {
  readonly query: string;
  readonly answer?: string | undefined;
  readonly truncated?: boolean;
  readonly finishReason?: string;
  /** How many pieces of feedback it has. */
  readonly feedback?: number;
}

/** A successful answer of the enriched path in the route `help`. */
export function captureOf(told: Told): StoredCapture {
  const id = `cx_${told.query}`;
  return {
    ...factsOf(id, {
      at: START,
      route: "help",
      inputTokens: 1200,
      cachedInputTokens: 0,
      outputTokens: 300,
      addedTokens: 1000,
      costUsd: 0.0048,
    }),
    content: {
      request: "{}",
      query: told.query,
      answer: "answer" in told ? told.answer : "{}",
      answerText: "An answer.",
      finishReason: told.finishReason ?? "stop",
      truncated: told.truncated ?? false,
    },
    feedback: Array.from({ length: told.feedback ?? 0 }, (_, index) => ({
      id: `${id}-${index}`,
      requestId: id,
      name: "thumbs",
      value: true,
      comment: undefined,
      key: undefined,
      at: START,
    })),
  };
}
