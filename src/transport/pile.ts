/** Pieces after which they are joined: a text in small pieces takes many times its own memory. */
const LOOSE_PIECES = 256;

const HIGH_SURROGATE = /[\uD800-\uDBFF]$/;

/** How much may be kept in all. */
export class Allowance {
  #left: number;
  /** Has something been left out? */
  spent = false;

  /** @param characters as JavaScript counts them: UTF-16 units */
  constructor(characters: number) {
    this.#left = characters;
  }

  /** @returns as much of the text as may still be kept, from its beginning, and no half of a character */
  take(text: string): string {
    if (text.length <= this.#left) {
      this.#left -= text.length;
      return text;
    }
    const part = text.slice(0, this.#left).replace(HIGH_SURROGATE, "");
    this.#left = 0;
    this.spent = true;
    return part;
  }

  /** @param more what is to be kept in addition; below 0 where something gives way. @returns whether it may be */
  takes(more: number): boolean {
    if (more > this.#left) {
      this.spent = true;
      return false;
    }
    this.#left -= more;
    return true;
  }
}

/** A text that comes in pieces. */
export class Pile {
  readonly #joined: string[] = [];
  #loose: string[] = [];

  add(piece: string): void {
    if (piece === "") return;
    this.#loose.push(piece);
    if (this.#loose.length < LOOSE_PIECES) return;
    this.#joined.push(this.#loose.join(""));
    this.#loose = [];
  }

  get text(): string {
    return this.#joined.join("") + this.#loose.join("");
  }
}
