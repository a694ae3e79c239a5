import { chunk, completion, DONE, usageChunk } from "../../support/upstream.ts";
import type { Counted } from "../row.ts";
import { answer, type Script, stream } from "../script.ts";

/** Texts and expectations that many rows share. */
export const OK_JSON = JSON.stringify(completion("all of it"));
export const OK: Script = answer(200, OK_JSON);
export const SEES_OK = { kind: "answer", content: "all of it" } as const;
export const TOKENS = { input: 10, output: 5 } as const;
export const COUNTS_OK: Counted = { status: 200, attempts: { success: 1 }, tokens: TOKENS };

export const ROLE = chunk({ role: "assistant", content: "" });
export const ONE = chunk({ content: "one " });
export const TWO = chunk({ content: "two" });
export const FINISH = chunk({}, "stop");
export const USAGE = usageChunk();
export { DONE };

/** The events of a good stream. */
export const EVENTS: readonly string[] = [ROLE, ONE, TWO, FINISH, USAGE, DONE];
export const OK_STREAM: Script = stream(EVENTS);
export const SEES_STREAM = { kind: "stream", content: "one two", ends: "[DONE]" } as const;

/** An error in OpenAI's shape. */
export function errorJson(code: string | null, type: string, param: string | null = null): string {
  return JSON.stringify({ error: { message: "The upstream says no.", type, param, code } });
}

/** An error in OpenAI's shape with a member of so many lists, each in the other. */
export function deepError(depth: number): string {
  const deep = "[".repeat(depth) + "]".repeat(depth);
  return `{"error":{"message":"no","type":"t","param":null,"code":"deep","more":${deep}}}`;
}

/** All attempts of the only variant failed in the same way: the gateway retried, so the client need not. */
export const SPENT = { "x-should-retry": "false" } as const;

/** Nothing of the answer was lost that another attempt could bring. */
export const RETRIED = "The call is tried anew, at most twice; the client is told not to try yet again.";

/** What no retry would change. */
export const BAD_RESPONSE = { kind: "error", status: 502, code: "upstream_bad_response" } as const;
export const COUNTS_BAD = { status: 502, attempts: { bad_response: 1 } } as const;
export const NO_RETRY = "No retry: it would answer the same, and the call may be paid for.";

/** A connection that was not there, or broke, at each of three calls. */
export const BROKEN = { kind: "error", status: 502, code: "upstream_unreachable", headers: SPENT } as const;
export const COUNTS_BROKEN = { status: 502, attempts: { interrupted: 3 }, retries: 2 } as const;
