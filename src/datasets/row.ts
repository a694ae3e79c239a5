import type { Example, ExampleMessage } from "./example.ts";

/** Where a row came from, for the data card. Undefined for a row of a file. */
export interface RowSource {
  readonly route: string;
  readonly variant: string;
  readonly model: string;
  readonly prompt: string | undefined;
  readonly promptVersion: string | undefined;
}

/** A training example on its way from its source to the set. */
export interface Row {
  /** The capture's id, or such as `line 12` of a file. */
  readonly id: string;
  /** When it came: milliseconds since 1970, or the line's number. */
  readonly at: number;
  /** When the first of the rows came that were merged into this one. */
  readonly since: number;
  /** How many rows of the source say the same. */
  readonly copies: number;
  readonly example: Example;
  readonly source: RowSource | undefined;
  /** The `response_format` under which the answer was given. */
  readonly responseFormat: unknown;
  readonly finishReason: string | undefined;
  /** Not the whole answer was captured. */
  readonly truncated: boolean;
  /** A reviewer's answer stands in place of the captured one. */
  readonly corrected: boolean;
  /** The answer is the built-in simulator's. */
  readonly simulated: boolean;
  /** What feedback makes of it: the higher the better, 0 without any. */
  readonly rating: number;
  /** Rows with the same key stay on one side of the split. */
  readonly group: string | undefined;
  /** Hashes of the conversation up to each of the assistant's messages, by which its turns are known to belong together. */
  readonly turns: readonly string[];
}

/** What the row teaches: its last message. */
export function answerOf({ messages }: Example): ExampleMessage | undefined {
  return messages.at(-1);
}

/** By time, then by id, in an order that no database's collation changes. */
export function inOrder<R extends Pick<Row, "at" | "id">>(rows: readonly R[]): readonly R[] {
  return rows.toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}
