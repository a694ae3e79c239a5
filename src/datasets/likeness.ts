import { BandIndex, bandKeys, bandWidth, signatureOf } from "./minhash.ts";
import { answerOf, type Row } from "./row.ts";
import { jaccard, shinglesOf, wordsOf } from "./shingles.ts";

/** What of a row must be alike. */
export type Part = "question" | "answer";

/** A row's parts as shingles, in their order, and the keys of its bands. */
interface Shingled {
  readonly parts: readonly Uint32Array[];
  readonly keys: readonly number[];
}

/**
 * Tells rows that are alike: of which each part's Jaccard index reaches the threshold. MinHash finds pairs that may be,
 * and each is compared exactly. What is common to many rows does not count, or a set whose questions all begin with the
 * same instructions would be one row again and again.
 */
export class Likeness<R extends Row> {
  readonly #threshold: number;
  readonly #rows: ReadonlyMap<R, Shingled>;
  readonly #bands = new BandIndex<R>();

  private constructor(rows: ReadonlyMap<R, Shingled>, threshold: number) {
    this.#rows = rows;
    this.#threshold = threshold;
  }

  /**
   * @param rows all that are going to be asked for or added
   * @param threshold from 0.5 to 1
   */
  static among<R extends Row>(rows: readonly R[], parts: readonly Part[], threshold: number): Likeness<R> {
    const texts = parts.map((part) => withoutCommon(rows.map((row) => shinglesOf(textOf(row, part)))));
    const width = bandWidth(threshold, parts.length);
    const shingled = rows.map((row, index): readonly [R, Shingled] => {
      const own = texts.flatMap((sets) => sets[index] ?? []);
      return [row, { parts: own, keys: bandKeys(own.map(signatureOf), width) }];
    });
    return new Likeness(new Map(shingled), threshold);
  }

  /** The same, with no rows added yet. */
  fresh(): Likeness<R> {
    return new Likeness(this.#rows, this.#threshold);
  }

  /** The rows added before that are like this one. @param skip those that need not be compared */
  *like(row: R, skip: (other: R) => boolean = () => false): Generator<R> {
    const own = this.#rows.get(row);
    if (own === undefined) return;
    for (const other of this.#bands.candidates(own.keys)) {
      if (skip(other)) continue;
      const parts = this.#rows.get(other)?.parts ?? [];
      const near = own.parts.every((part, index) => jaccard(part, parts[index] ?? part) >= this.#threshold);
      if (near) yield other;
    }
  }

  add(row: R): void {
    this.#bands.add(this.#rows.get(row)?.keys ?? [], row);
  }
}

function textOf({ example }: Row, part: Part): string {
  const answer = answerOf(example);
  switch (part) {
    case "question":
      return wordsOf(example.messages.slice(0, -1));
    case "answer":
      return wordsOf(answer === undefined ? [] : [answer]);
  }
}

/** A shingle is common when it stands in more than this share of the rows, and in more than these. */
const COMMON_SHARE = 0.1;
const COMMON_ROWS = 5;

/** Counts by a shingle's last bits: at most 16 megabytes however many there are, and hardly ever too high. */
const COUNTER_BITS = 22;
const COUNTERS_EACH = 16;

/** The sets without shingles that are common to many of them; a set of nothing else stays as it is. */
function withoutCommon(sets: readonly Uint32Array[]): readonly Uint32Array[] {
  const most = Math.max(COMMON_ROWS, sets.length * COMMON_SHARE);
  const shingles = sets.reduce((sum, { length }) => sum + length, 1);
  const bits = Math.min(COUNTER_BITS, Math.ceil(Math.log2(shingles * COUNTERS_EACH)));
  const counts = new Uint32Array(2 ** bits);
  const last = counts.length - 1;
  const countOf = (shingle: number): number => counts[shingle & last] ?? 0;
  for (const set of sets)
    for (let i = 0; i < set.length; i++) {
      const shingle = set[i] ?? 0;
      counts[shingle & last] = countOf(shingle) + 1;
    }
  return sets.map((set) => {
    const own = set.filter((shingle) => countOf(shingle) <= most);
    return own.length === 0 ? set : own;
  });
}
