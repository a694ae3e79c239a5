import type { ChatRequest } from "../../src/domain/chat.ts";
import type { Signals } from "../../src/domain/signals.ts";
import { parseChat } from "../../src/gateway/parse.ts";

/** A request as the gateway reads it; text is taken byte for byte. */
export function chat(body: unknown): ChatRequest {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return parseChat(new TextEncoder().encode(text), { depth: 64, nodes: 100_000, messages: 10_000 });
}

/** A request with one user message. */
export function ask(content: unknown, more: Readonly<Record<string, unknown>> = {}): ChatRequest {
  return chat({ model: "route", messages: [{ role: "user", content }], ...more });
}

export function signals(more: Partial<Signals> = {}): Signals {
  return {
    header: () => undefined,
    key: undefined,
    now: new Date("2026-03-01T12:00:00Z"),
    random: 0.5,
    health: {},
    rollouts: new Map(),
    force: undefined,
    ...more,
  };
}
