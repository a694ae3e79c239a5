import { isObject, parseJson } from "../domain/json.ts";
import type { Format } from "./format.ts";
import { BOM, type Line } from "./read.ts";

/** Rows by which a format is known. */
const LOOKED_AT = 5;

/**
 * Looks at the first rows for a format that the given one would call wrong in every row.
 * @returns the other format, or undefined where the given one may be right; and all the lines again
 */
export async function otherFormat(
  lines: AsyncIterable<Line> | Iterable<Line>,
  format: Format,
): Promise<{ readonly other: Format | undefined; readonly lines: AsyncIterable<Line> }> {
  const iterator = iterate(lines);
  const first: Line[] = [];
  const values: unknown[] = [];
  while (values.length < LOOKED_AT) {
    const { value, done } = await iterator.next();
    if (done === true) break;
    first.push(value);
    const text = value.text?.replace(BOM, "") ?? "";
    if (text.trim() !== "") values.push(parseJson(text));
  }
  return { other: mismatch(values, format), lines: chained(first, iterator) };
}

async function* iterate(lines: AsyncIterable<Line> | Iterable<Line>): AsyncGenerator<Line, undefined> {
  yield* lines;
  return undefined;
}

async function* chained(first: readonly Line[], rest: AsyncIterable<Line>): AsyncGenerator<Line> {
  yield* first;
  yield* rest;
}

function mismatch(values: readonly unknown[], format: Format): Format | undefined {
  if (values.length === 0) return undefined;
  switch (format) {
    case "openai":
    case "azure":
      if (values.every(isPromptCompletion)) return "trl-prompt-completion";
      return hasTextTools(values) ? "trl-messages" : undefined;
    case "trl-messages":
      return values.every(isPromptCompletion) ? "trl-prompt-completion" : undefined;
    case "trl-prompt-completion":
      return values.every(isMessages) ? "trl-messages" : undefined;
  }
}

/** Of messages: as two texts it is also the older shape of other services, which is to be converted. */
function isPromptCompletion(value: unknown): boolean {
  return isObject(value) && Array.isArray(value["prompt"]) && Array.isArray(value["completion"]);
}

function isMessages(value: unknown): boolean {
  return isObject(value) && Array.isArray(value["messages"]) && value["prompt"] === undefined;
}

/** Tools as JSON text, as only TRL reads them. */
function hasTextTools(values: readonly unknown[]): boolean {
  const tools = values.flatMap((value) =>
    isMessages(value) && isObject(value) && value["tools"] !== undefined ? [value["tools"]] : [],
  );
  return (
    tools.length > 0 && tools.every((text) => typeof text === "string" && Array.isArray(parseJson(text)))
  );
}
