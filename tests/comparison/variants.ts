import type { Answered, Outcome } from "../../src/comparison/answered.ts";
import { messageText } from "../../src/comparison/message.ts";
import { type ChatRequest, ownRequest } from "../../src/domain/chat.ts";
import type { Table, Variant } from "../../src/domain/table.ts";
import { tableOf } from "../config/tables.ts";
import { twoPaths } from "../support/config.ts";

/** A table with the variants `prompted` and `tuned`. */
export const table: Table = tableOf(twoPaths("http://127.0.0.1:9"));

export function variantNamed(name: string): Variant {
  const variant = table.variants.get(name);
  if (variant === undefined) throw new Error(`no variant ${name}`);
  return variant;
}

export function answer(text: string): Outcome {
  return { kind: "answer", message: { role: "assistant", content: text }, finishReason: "stop" };
}

export function failure(status = 500, message = "It broke."): Outcome {
  return { kind: "failure", status, code: undefined, message };
}

export function answered(variant: Variant, outcome: Outcome, more: Partial<Answered> = {}): Answered {
  return {
    variant,
    outcome,
    usage: { input: 10, cachedInput: 0, output: 5 },
    addedTokens: 0,
    costUsd: 0.001,
    latencyMs: 100,
    firstTokenMs: 20,
    ...more,
  };
}

export function query(text: string, expected?: unknown) {
  return { request: ownRequest(text), expected, captureId: undefined };
}

/** The text of a request's last message. */
export function asked({ messages }: ChatRequest): string {
  return messageText(messages.at(-1));
}
