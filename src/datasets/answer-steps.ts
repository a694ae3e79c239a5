import { textOf } from "../domain/chat.ts";
import { isObject, memberOf, parseJson } from "../domain/json.ts";
import type { Redaction } from "../domain/table.ts";
import type { Example } from "./example.ts";
import type { Format } from "./format.ts";
import { meetsSchema } from "./json-answer.ts";
import { parseExample } from "./parse-example.ts";
import { answerOf, type Row } from "./row.ts";
import { eachRow, removeRows, type StepOutcome, type Verdict } from "./step.ts";
import { CODES } from "./validate-codes.ts";
import { checkRow } from "./validate-row.ts";
import { lineOf } from "./write-format.ts";

/** Answers in which there is nothing to learn. */
export function dropEmpty(rows: readonly Row[]): StepOutcome<Row> {
  return removeRows("empty answers", rows, ({ example }) => {
    const answer = answerOf(example);
    if (hasCalls(example) || answer?.refusal) return undefined;
    return textOf(answer?.content).trim() === "" ? "the answer is empty" : undefined;
  });
}

function hasCalls(example: Example): boolean {
  const answer = answerOf(example);
  return (answer?.tool_calls?.length ?? 0) > 0 || answer?.function_call !== undefined;
}

/** Answers of which only a part is there. */
export function dropBroken(rows: readonly Row[]): StepOutcome<Row> {
  return removeRows("broken answers", rows, ({ finishReason, truncated }) => {
    if (truncated) return "only a part was captured";
    if (finishReason === "length") return "cut at the most tokens (length)";
    if (finishReason === "content_filter") return "cut by the content filter";
    return undefined;
  });
}

/** What becomes of the simulator's answers. "mixed": they go where there are answers of models too. */
export type SimulatedMode = "mixed" | "keep" | "drop";

/** Answers that the built-in simulator made up in a model's place. */
export function dropSimulated(rows: readonly Row[], mode: SimulatedMode): StepOutcome<Row> {
  const drops = mode === "drop" || (mode === "mixed" && rows.some(({ simulated }) => !simulated));
  return removeRows("simulated answers", rows, ({ simulated }) =>
    drops && simulated ? "the simulator answered" : undefined,
  );
}

/** How refusals begin, in English. Few, so that an answer that only begins with a regret stays. */
const REFUSALS: readonly RegExp[] = [
  /^(?:(?:i'?m|i am) (?:very |really |so )?sorry|sorry|my apologies|i apologi[sz]e|unfortunately)[,.!:;]?(?: but)?,? (?:i|we) (?:can'?t|cannot|can not|am unable to|am not able to|won'?t be able to|will not be able to)\b/,
  /^(?:i|we) (?:can'?t|cannot|can not|am unable to|am not able to|won'?t) (?:assist|help|comply|fulfill|provide (?:that|this)|do (?:that|this)|answer (?:that|this)|engage|participate)\b/,
  /^(?:i'?m|i am) (?:unable|not able) to (?:assist|help|comply|fulfill|provide|answer)\b/,
  /^as an? (?:ai|artificial intelligence|(?:large )?language model)\b[^.!?]{0,60}?,? i (?:can'?t|cannot|can not|am unable to|am not able to|don'?t have)\b/,
];

/** Answers that refuse, by their `refusal` member or by how they begin. */
export function dropRefusals(rows: readonly Row[]): StepOutcome<Row> {
  return removeRows("refusals", rows, ({ example, corrected }) => {
    const answer = answerOf(example);
    if (corrected) return undefined;
    if (answer?.refusal) return "the model refused";
    return isRefusal(textOf(answer?.content)) ? "reads as a refusal" : undefined;
  });
}

export function isRefusal(text: string): boolean {
  const start = text.trimStart().slice(0, 200).toLowerCase().replaceAll("’", "'");
  return REFUSALS.some((pattern) => pattern.test(start));
}

/** Answers that must be JSON and are not, or not by their schema; tool calls whose arguments are no JSON object. */
export function dropInvalidJson(rows: readonly Row[]): StepOutcome<Row> {
  return removeRows("invalid JSON", rows, ({ example, responseFormat }) => {
    const answer = answerOf(example);
    if (answer?.tool_calls?.some((call) => !hasGoodArguments(call)))
      return "a tool call's arguments are no JSON object";
    if (hasCalls(example)) return undefined;
    return jsonProblem(textOf(answer?.content), responseFormat);
  });
}

function hasGoodArguments(call: unknown): boolean {
  if (memberOf(call, "type") === "custom") return true;
  const text = memberOf(memberOf(call, "function"), "arguments");
  return typeof text === "string" && isObject(parseJson(text === "" ? "{}" : text));
}

function jsonProblem(text: string, responseFormat: unknown): string | undefined {
  switch (memberOf(responseFormat, "type")) {
    case "json_object":
      return isObject(parseJson(text)) ? undefined : "the answer is no JSON object";
    case "json_schema": {
      const value = parseJson(text);
      if (value === undefined) return "the answer is no JSON";
      const schema = memberOf(memberOf(responseFormat, "json_schema"), "schema");
      return meetsSchema(value, schema) ? undefined : "the answer is not by its JSON schema";
    }
    default:
      return undefined;
  }
}

/** Rows that the validator refuses in the form in which they are going to be written. */
export function dropInvalid(rows: readonly Row[], format: Format): StepOutcome<Row> {
  return eachRow("invalid rows", rows, (row) => {
    const errors = new Set<string>();
    checkRow(lineOf(row.example, format), format, (code) => {
      if (CODES[code].level === "error") errors.add(code);
    });
    return errors.size === 0 ? { kept: row } : { removed: [...errors] };
  });
}

/** Rows that a model would not take whole. @param most tokens */
export function dropTooLong<R extends Row>(
  rows: readonly R[],
  most: number,
  tokensOf: (example: Example) => number,
): StepOutcome<R> {
  return removeRows("too long", rows, ({ example }) =>
    tokensOf(example) > most ? `more than ${most} tokens` : undefined,
  );
}

export type RowRedaction = Pick<Redaction, "stored" | "secrets"> & {
  readonly settings: Pick<Redaction["settings"], "personal">;
};

export type PiiMode = "drop" | "redact" | "keep";

const NOT_LOOKED_FOR = "personal data: not looked for (`redaction.pii` names no kinds)";

const PLACEHOLDER = /\[redacted:[A-Za-z0-9._:/-]{1,64}\]/g;

/**
 * Replaces secrets, and what the configuration takes for personal data, by placeholders. Placeholders that captures have
 * already count as found. `keep` replaces secrets alone; `drop` removes a row in which anything is found.
 */
export function cleanPii(rows: readonly Row[], mode: PiiMode, redaction: RowRedaction): StepOutcome<Row> {
  const redactor = mode === "keep" ? redaction.secrets : redaction.stored;
  const { rows: kept, report } = eachRow("secrets and personal data", rows, (row): Verdict<Row> => {
    const redacted = redactor.redactJson(row.example);
    const found = [...new Set(JSON.stringify(redacted).match(PLACEHOLDER) ?? [])].toSorted();
    if (found.length === 0) return { kept: row };
    const example = redacted === row.example ? row.example : parseExample(redacted);
    return mode === "drop" || example === undefined
      ? { removed: found }
      : { kept: { ...row, example }, reasons: found };
  });
  const looked = mode === "keep" || redaction.settings.personal.length > 0;
  return { rows: kept, report: looked ? report : { ...report, note: NOT_LOOKED_FOR } };
}
