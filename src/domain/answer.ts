import { textOf } from "./chat.ts";
import { memberOf } from "./json.ts";

/** The first choice of a chat completion; undefined for anything that has none. */
function firstChoice(completion: unknown): unknown {
  const choices = memberOf(completion, "choices");
  return Array.isArray(choices) ? choices[0] : undefined;
}

/** The message of a chat completion's first choice. */
export function answerIn(completion: unknown): unknown {
  return memberOf(firstChoice(completion), "message");
}

/** The text of a chat completion's first choice; empty where it has none, such as beside tool calls. */
export function answerTextOf(completion: unknown): string {
  return textOf(memberOf(answerIn(completion), "content"));
}

/** Why a chat completion's first choice ended; undefined where that is not told. */
export function finishReasonOf(completion: unknown): string | undefined {
  const reason = memberOf(firstChoice(completion), "finish_reason");
  return typeof reason === "string" ? reason : undefined;
}
