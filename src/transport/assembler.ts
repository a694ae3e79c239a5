import { isObject, memberOf, parseObject } from "../domain/json.ts";
import { readUsage, type Usage } from "../domain/usage.ts";
import { Merged, MergedChoice } from "./merged.ts";
import { Allowance } from "./pile.ts";
import { dataOf, EventCutter, MAX_HELD_BYTES } from "./sse.ts";

/** Longest answer that is put together, in characters; the rest is left out. */
export const MAX_ANSWER_CHARACTERS = 1024 * 1024;

/** Most answers to one request. */
const MAX_CHOICES = 128;

/** Members of a chunk that are no part of an answer, or are put together in another way. */
const NOT_KEPT: ReadonlySet<string> = new Set(["choices", "object", "usage", "error", "obfuscation"]);

/** What a stream came to. */
export interface Assembled {
  /** A chat completion as it would have come unstreamed; undefined when no chunk came. Log probabilities and audio are left out. */
  readonly completion: Readonly<Record<string, unknown>> | undefined;
  readonly usage: Usage | undefined;
  /** What an error event told. */
  readonly error: unknown;
  /** The answer was too long, and not all of it is here. */
  readonly truncated: boolean;
}

/** Puts a stream of chat completion chunks together, wherever its bytes are cut. Never throws, whatever comes. */
export class Assembler {
  readonly #cutter = new EventCutter();
  readonly #allowance = new Allowance(MAX_ANSWER_CHARACTERS);
  readonly #top = new Merged(this.#allowance);
  readonly #choices = new Map<number, MergedChoice>();
  /** Parts of an event too long for the cutter to hold. */
  #long: Buffer[] = [];
  #longBytes = 0;
  #chunks = 0;
  #usage: unknown;
  #error: unknown;

  /** @param bytes the next ones, as the client got them. They are not kept. */
  push(bytes: Uint8Array): void {
    // So that no more than one event too long to hold ends in a piece.
    for (let at = 0; at < bytes.length; at += MAX_HELD_BYTES) {
      this.#cutter.push(
        bytes.subarray(at, at + MAX_HELD_BYTES),
        (event) => {
          this.#endLong();
          this.#take(event);
        },
        (part) => this.#lengthen(part),
      );
      if (!this.#cutter.passing) this.#endLong();
    }
  }

  /** No more comes. The assembler is used up then. */
  end(): Assembled {
    this.#endLong();
    // Some servers leave out the blank line behind their last event.
    this.#take(this.#cutter.rest);
    return {
      completion: this.#chunks === 0 ? undefined : this.#completion(),
      usage: readUsage(this.#usage),
      error: this.#error,
      truncated: this.#allowance.spent,
    };
  }

  #completion(): Readonly<Record<string, unknown>> {
    const choices = [...this.#choices.entries()].toSorted(([a], [b]) => a - b);
    return {
      ...this.#top.members(),
      object: "chat.completion",
      choices: choices.map(([index, choice]) => choice.json(index)),
      ...(this.#usage === undefined ? {} : { usage: this.#usage }),
    };
  }

  #lengthen(part: Buffer): void {
    this.#longBytes += part.length;
    if (this.#longBytes <= MAX_ANSWER_CHARACTERS) this.#long.push(Buffer.from(part));
  }

  #endLong(): void {
    if (this.#longBytes === 0) return;
    if (this.#longBytes <= MAX_ANSWER_CHARACTERS) this.#take(Buffer.concat(this.#long));
    else this.#allowance.spent = true;
    this.#long = [];
    this.#longBytes = 0;
  }

  #take(event: Buffer): void {
    const data = event.length === 0 ? undefined : dataOf(event);
    const chunk = data === undefined ? undefined : parseObject(data);
    if (chunk === undefined) return;
    const { choices, usage, error } = chunk;
    if (error !== undefined && error !== null) this.#error = error;
    if (!Array.isArray(choices)) return;
    this.#chunks++;
    if (isObject(usage)) this.#usage = usage;
    for (const key of Object.keys(chunk)) if (!NOT_KEPT.has(key)) this.#top.replace(key, chunk[key]);
    for (const choice of choices) this.#choice(choice);
  }

  #choice(chunk: unknown): void {
    const index = memberOf(chunk, "index") ?? 0;
    if (typeof index !== "number" || !isObject(chunk)) return;
    let choice = this.#choices.get(index);
    if (choice === undefined) {
      if (this.#choices.size === MAX_CHOICES) return;
      choice = new MergedChoice(this.#allowance);
      this.#choices.set(index, choice);
    }
    choice.add(chunk);
  }
}
