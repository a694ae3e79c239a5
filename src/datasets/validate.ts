import { memberOf } from "../domain/json.ts";
import { otherFormat } from "./detect-format.ts";
import { fingerprint } from "./fingerprint.ts";
import { type Format, leastExamples, mostBytes } from "./format.ts";
import { BOM, type Line } from "./read.ts";
import { exampleTokens, type Tokenizer, tokenizerFor } from "./tokens.ts";
import { tunableModel } from "./tunable-models.ts";
import { CODES, type Code, type DatasetProblem, type Tell } from "./validate-codes.ts";
import { isSystem } from "./validate-message.ts";
import { checkRow, type Row } from "./validate-row.ts";

export interface ValidateOptions {
  readonly format: Format;
  /** The model to be tuned: its tokenizer and its limit. */
  readonly model: string;
  /** The report on the training file, when this file is to measure what was learned from that one. */
  readonly training?: DatasetReport;
  /** Problems of each code that are kept, from 0; all are counted. Default 20 */
  readonly keep?: number;
}

/** Where the rows and the inputs of a file stand: the line of each fingerprint. */
interface Seen {
  readonly rows: ReadonlyMap<string, number>;
  readonly inputs: ReadonlyMap<string, number>;
}

export interface DatasetReport {
  /** Has it no errors? */
  readonly valid: boolean;
  /** Rows without errors. */
  readonly examples: number;
  /** Conversations with a system message. */
  readonly systems: number;
  /** Lines that are not blank. */
  readonly rows: number;
  readonly bytes: number;
  /** By line; the first of each code. */
  readonly problems: readonly DatasetProblem[];
  /** How often each code was told. */
  readonly counts: Readonly<Partial<Record<Code, number>>>;
  /** In how many lines each code was told. */
  readonly lines: Readonly<Partial<Record<Code, number>>>;
  readonly errors: number;
  readonly warnings: number;
  /** Tokens of each example, in their order. */
  readonly tokens: readonly number[];
  /** Of these, tokens of the assistant's messages in all examples. */
  readonly answerTokens: number;
  /** Different last answers. */
  readonly answers: number;
  /** Are all tokens counted exactly, none estimated? */
  readonly exact: boolean;
  readonly seen: Seen;
}

/**
 * Checks a fine-tuning file, reading it once. Holds three hashes and a number of each row, no rows. A file that is plainly of
 * another format is checked as that, which is told once.
 * @param lines such as those of `readLines`
 */
export async function validate(
  lines: AsyncIterable<Line> | Iterable<Line>,
  options: ValidateOptions,
): Promise<DatasetReport> {
  const { other, lines: all } = await otherFormat(lines, options.format);
  const format = other ?? options.format;
  const validation = new Validation({ ...options, format }, await tokenizerFor(options.model));
  if (other !== undefined) validation.isOf(other);
  for await (const line of all) validation.add(line);
  return validation.end();
}

class Validation {
  readonly #options: ValidateOptions;
  readonly #tokenizer: Tokenizer;
  readonly #limit: number;
  readonly #problems: Problems;
  readonly #rows = new Map<string, number>();
  readonly #inputs = new Map<string, number>();
  readonly #answers = new Set<string>();
  readonly #tokens: number[] = [];
  readonly #blank: number[] = [];
  readonly #withoutSystem: number[] = [];
  #answerTokens = 0;
  #exact = true;
  #read = 0;
  #conversations = 0;
  #bytes = 0;
  #bom = false;

  constructor(options: ValidateOptions, tokenizer: Tokenizer) {
    this.#options = options;
    this.#tokenizer = tokenizer;
    this.#limit = tunableModel(options.model)?.exampleLimit ?? Number.POSITIVE_INFINITY;
    this.#problems = new Problems(options.keep ?? 20);
  }

  /** The file has another format than the one that was asked for. */
  isOf(format: Format): void {
    this.#problems.tell(
      null,
      "other_format",
      "",
      `This looks like ${format}, and was checked as such: give --format ${format}.`,
    );
  }

  add({ number, text, bytes }: Line): void {
    this.#bytes += bytes;
    const tell: Tell = (code, path, message) => this.#problems.tell(number, code, path, message);
    if (number === 1 && text?.startsWith(BOM)) this.#bom = true;
    const own = number === 1 && this.#bom ? text?.slice(BOM.length) : text;
    if (own?.trim() === "") {
      this.#blank.push(number);
      return;
    }
    // Blank lines at the end are no problem, so they are told of only when a row follows.
    for (const line of this.#blank.splice(0)) this.#problems.tell(line, "blank_line");
    this.#read++;
    if (own === undefined) return tell("invalid_utf8", "");
    const before = this.#problems.errors;
    const row = checkRow(own, this.#options.format, tell);
    if (row === undefined) return;
    this.#conversations++;
    if (!row.messages.some((message) => isSystem(memberOf(message, "role"))))
      this.#withoutSystem.push(number);
    this.#compare(row, number, tell);
    if (this.#problems.errors === before) this.#measure(row, tell);
  }

  /** Looks for the same row before this one, and in the training file. */
  #compare({ value, messages }: Row, line: number, tell: Tell): void {
    const { row, input, answer } = fingerprint(value, messages);
    this.#answers.add(answer);
    const first = this.#rows.get(row);
    if (first === undefined) this.#rows.set(row, line);
    else tell("duplicate_row", "", `The row is the same as that in line ${first}.`);
    if (!this.#inputs.has(input)) this.#inputs.set(input, line);
    const training = this.#options.training?.seen;
    const sameRow = training?.rows.get(row);
    const sameInput = training?.inputs.get(input);
    if (sameRow !== undefined)
      tell("leaked_row", "", `The same row is in line ${sameRow} of the training file.`);
    else if (sameInput !== undefined)
      tell("leaked_input", "", `Line ${sameInput} of the training file has the same input.`);
  }

  #measure({ value, messages }: Row, tell: Tell): void {
    const { total, answers, exact } = exampleTokens(messages, value, this.#tokenizer);
    this.#tokens.push(total);
    this.#answerTokens += answers;
    this.#exact &&= exact;
    if (total > this.#limit)
      tell(
        "too_long",
        "",
        `The example has ${total} tokens; beyond ${this.#limit} it is cut off in training.`,
      );
  }

  end(): DatasetReport {
    this.#checkFile();
    this.#checkSystem();
    return {
      valid: this.#problems.errors === 0,
      examples: this.#tokens.length,
      systems: this.#conversations - this.#withoutSystem.length,
      rows: this.#read,
      bytes: this.#bytes,
      ...this.#problems.told(),
      tokens: this.#tokens,
      answers: this.#answers.size,
      answerTokens: this.#answerTokens,
      exact: this.#exact,
      seen: { rows: this.#rows, inputs: this.#inputs },
    };
  }

  #checkFile(): void {
    const { format, training } = this.#options;
    const least = training === undefined ? leastExamples(format) : 1;
    if (this.#read < least)
      this.#problems.tell(
        null,
        "too_few_examples",
        "",
        `The file has ${this.#read} of at least ${least} examples. Add more.`,
      );
    if (this.#bytes > (mostBytes(format) ?? Number.POSITIVE_INFINITY))
      this.#problems.tell(null, "file_too_large");
    if (format === "azure" && !this.#bom) this.#problems.tell(null, "missing_bom");
    if (format !== "azure" && this.#bom) this.#problems.tell(null, "unexpected_bom");
  }

  /** A set for a model that is asked the bare query has no system message at all: that is told once. */
  #checkSystem(): void {
    const missing = this.#withoutSystem;
    if (this.#options.format === "trl-prompt-completion" || missing.length === 0) return;
    if (missing.length === this.#conversations)
      this.#problems.tell(
        null,
        "missing_system",
        "",
        "No example has a system message. Train with one only if you will send one.",
      );
    else for (const line of missing) this.#problems.tell(line, "missing_system", "messages");
  }
}

/** Counts what is told, and keeps the first of each code. */
class Problems {
  readonly #keep: number;
  readonly #kept: DatasetProblem[] = [];
  readonly #counts = new Map<Code, number>();
  readonly #lines = new Map<Code, { readonly count: number; readonly last: number | null }>();
  #errors = 0;
  #warnings = 0;

  constructor(keep: number) {
    this.#keep = keep;
  }

  get errors(): number {
    return this.#errors;
  }

  tell(line: number | null, code: Code, path = "", message: string = CODES[code].meaning): void {
    const { level } = CODES[code];
    if (level === "error") this.#errors++;
    else this.#warnings++;
    const count = (this.#counts.get(code) ?? 0) + 1;
    this.#counts.set(code, count);
    const lines = this.#lines.get(code);
    if (lines === undefined || lines.last !== line)
      this.#lines.set(code, { count: (lines?.count ?? 0) + 1, last: line });
    if (count <= this.#keep)
      this.#kept.push({ line, level, code, path: printable(path), message: printable(message) });
  }

  told(): Pick<DatasetReport, "problems" | "counts" | "lines" | "errors" | "warnings"> {
    const problems = this.#kept.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
    return {
      problems,
      counts: Object.fromEntries(this.#counts),
      lines: Object.fromEntries([...this.#lines].map(([code, { count }]) => [code, count])),
      errors: this.#errors,
      warnings: this.#warnings,
    };
  }
}

/** A text of the file is shown without what a terminal would act on. */
function printable(text: string): string {
  return text.slice(0, 300).replaceAll(/\p{C}/gu, "\uFFFD");
}
