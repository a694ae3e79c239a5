import { parseJson } from "../domain/json.ts";
import type { BareMode } from "../domain/table.ts";
import { bareMessages } from "../prompts/bare.ts";
import { turnHashes } from "./keyed-row.ts";
import { exampleProblem, parseExample } from "./parse-example.ts";
import { answerOf, type Row } from "./row.ts";

/**
 * A line of a file in the chat format as a row. Weights stay as they are.
 * @param number the line's, from 1
 * @returns the row, or why there is none
 */
export function fromLine(text: string, number: number, mode: BareMode): Row | string {
  const value = parseJson(text);
  if (value === undefined) return "not valid JSON";
  const example = parseExample(value);
  if (example === undefined) return exampleProblem(value) ?? "not a chat example";
  if (answerOf(example)?.role !== "assistant") return "its last message is not the assistant's";
  const messages = bareMessages(example.messages, mode);
  return {
    id: `line ${number}`,
    at: number,
    since: number,
    copies: 1,
    example: { ...example, messages },
    source: undefined,
    responseFormat: undefined,
    finishReason: undefined,
    truncated: false,
    corrected: false,
    simulated: false,
    rating: 0,
    group: undefined,
    turns: turnHashes(bareMessages(example.messages, "strip-system")),
  };
}
