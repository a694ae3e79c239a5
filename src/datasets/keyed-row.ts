import { sha256 } from "../keys/secret.ts";
import type { ExampleMessage } from "./example.ts";
import { canonical } from "./fingerprint.ts";
import type { Row } from "./row.ts";

/** A row with what tells its question and its answer from others. */
export interface KeyedRow extends Row {
  /** Hash of everything but the answer. */
  readonly input: string;
  /** Hash of the answer. */
  readonly output: string;
}

export function keyed(row: Row): KeyedRow {
  const { messages, tools, parallel_tool_calls } = row.example;
  const before = messages.slice(0, -1).map(withoutWeight);
  return {
    ...row,
    input: sha256(canonical([before, tools ?? null, parallel_tool_calls ?? null])),
    output: sha256(canonical(messages.slice(-1).map(withoutWeight))),
  };
}

/** What is learned makes no other question of the same messages. */
function withoutWeight({ weight: _, ...message }: ExampleMessage): ExampleMessage {
  return message;
}

/**
 * One hash for each assistant's message: of the conversation up to there. A client that goes on with a
 * conversation sends its earlier turns again, so that two turns of one conversation share a hash.
 */
export function turnHashes(messages: readonly ExampleMessage[]): readonly string[] {
  const hashes: string[] = [];
  let before = "";
  for (const { role, content, tool_calls, tool_call_id } of messages) {
    before = sha256(canonical([before, role, content ?? "", tool_calls ?? [], tool_call_id ?? ""]));
    if (role === "assistant") hashes.push(before);
  }
  return hashes;
}
