import type { KeyedRow } from "./keyed-row.ts";
import type { Likeness } from "./likeness.ts";

/** Rows that must stay together, the earliest first. */
export type Group = readonly KeyedRow[];

/**
 * Puts rows together that share a group key or a conversation, or whose questions are nearly the same, and all that is
 * joined to them by others.
 * @param likeness of the rows' questions; the rows are added to it
 * @returns groups and rows in the order in which the earliest came
 */
export function groupRows(rows: readonly KeyedRow[], likeness: Likeness<KeyedRow>): readonly Group[] {
  const sorted = rows.toSorted((a, b) => a.since - b.since || (a.input < b.input ? -1 : 1));
  const sets = new DisjointSets(sorted.length);
  const firstOf = new Map<string, number>();
  sorted.forEach((row, index) => {
    const keys = row.turns.map((turn) => `turn ${turn}`);
    for (const key of row.group === undefined ? keys : [...keys, `group ${row.group}`]) {
      const first = firstOf.get(key);
      if (first === undefined) firstOf.set(key, index);
      else sets.join(first, index);
    }
  });
  const indexes = new Map(sorted.map((row, index) => [row, index]));
  const indexOf = (row: KeyedRow): number => indexes.get(row) ?? 0;
  for (const row of sorted) {
    const joined = (other: KeyedRow): boolean => sets.same(indexOf(other), indexOf(row));
    for (const other of likeness.like(row, joined)) sets.join(indexOf(other), indexOf(row));
    likeness.add(row);
  }
  return [...Map.groupBy(sorted.keys(), (index) => sets.rootOf(index)).values()].map((indexes) =>
    indexes.flatMap((index) => sorted[index] ?? []),
  );
}

/** Union-find: Robert Tarjan, "Efficiency of a good but not linear set union algorithm", 1975. The least number is the root. */
class DisjointSets {
  readonly #parents: Uint32Array;

  constructor(size: number) {
    this.#parents = Uint32Array.from({ length: size }, (_, index) => index);
  }

  rootOf(index: number): number {
    let root = index;
    for (let parent = this.#parentOf(root); parent !== root; parent = this.#parentOf(root)) {
      this.#parents[root] = this.#parentOf(parent); // halves the way for the next time
      root = parent;
    }
    return root;
  }

  same(a: number, b: number): boolean {
    return this.rootOf(a) === this.rootOf(b);
  }

  join(a: number, b: number): void {
    const [low, high] = [this.rootOf(a), this.rootOf(b)].toSorted((x, y) => x - y);
    if (low !== undefined && high !== undefined) this.#parents[high] = low;
  }

  #parentOf(index: number): number {
    return this.#parents[index] ?? index;
  }
}
