import type { RedactingStream } from "../domain/redactor.ts";

/** A pattern of the configuration. */
export interface CustomPattern {
  /** Stands in the placeholder. */
  readonly name: string;
  /** The leftmost match in the text; undefined when there is none. Takes linear time. */
  readonly find: (text: string) => { readonly start: number; readonly end: number } | undefined;
}

/** Patterns see one line, and of a longer line a part of at most this many characters. */
export const LONGEST_LINE = 8192;

const ANY_PLACEHOLDER = /(\[redacted:[A-Za-z0-9._:/-]{1,64}\])/;

/** Replaces what the configuration's own patterns match, line by line, as their matches have no length of their own. */
export class CustomScanner implements RedactingStream {
  readonly #patterns: readonly CustomPattern[];
  #pending = "";

  constructor(patterns: readonly CustomPattern[]) {
    this.#patterns = patterns;
  }

  push(text: string): string {
    this.#pending += text;
    return this.#take(false);
  }

  end(): string {
    return this.#take(true);
  }

  #take(last: boolean): string {
    const text = this.#pending;
    let from = 0;
    let out = "";
    while (from < text.length) {
      const end = lineEnd(text, from, last);
      if (end === undefined) break;
      out += this.#redactLine(text.slice(from, end));
      from = end;
    }
    this.#pending = text.slice(from);
    return out;
  }

  #redactLine(line: string): string {
    return this.#patterns.reduce(
      (text, pattern) =>
        text
          .split(ANY_PLACEHOLDER)
          .map((part, index) => (index % 2 === 1 ? part : replaceAll(part, pattern)))
          .join(""),
      line,
    );
  }
}

/** Where the line ends, its break included; a long one ends after its last blank. Undefined: not known yet. */
function lineEnd(text: string, from: number, last: boolean): number | undefined {
  const end = from + LONGEST_LINE;
  const line = text.slice(from, end);
  const feed = line.indexOf("\n");
  if (feed !== -1) return from + feed + 1;
  if (text.length <= end) return last ? text.length : undefined;
  const blank = line.lastIndexOf(" ");
  return blank === -1 ? end : from + blank + 1;
}

function replaceAll(text: string, { name, find }: CustomPattern): string {
  let rest = text;
  let out = "";
  for (let found = find(rest); found !== undefined; found = find(rest)) {
    out += `${rest.slice(0, found.start)}[redacted:${name}]`;
    rest = rest.slice(found.end);
  }
  return out + rest;
}
