import type { Anchor, ConditionView, Rule } from "../domain/table.ts";

/** Most references that the index looks at; the rules of any further one are tried one by one. */
const MAX_SHELVES = 30;
/** Most combinations of missing references that are kept. */
const MAX_BASES = 100;

/** The rules that hold only for certain values of one reference, by their positions. */
interface Shelf {
  readonly read: Anchor["read"];
  readonly all: readonly number[];
  readonly byValue: ReadonlyMap<string, readonly number[]>;
}

/** Rules that are tried whatever the values are, with their positions, ascending. */
interface Base {
  readonly positions: readonly number[];
  readonly rules: readonly Rule[];
}

/**
 * An index over the tests of equality with which conditions begin, such as `metadata.tenant == "acme"`: of
 * a thousand such rules only those are tried that name the request's own tenant.
 * @returns for a request, the rules that may match, in their order; all others are false for certain
 */
export function indexRules(rules: readonly Rule[]): (view: ConditionView) => readonly Rule[] {
  const shelves = shelvesOf(rules);
  if (shelves.length === 0) return () => rules;
  const shelved = new Set(shelves.flatMap(({ all }) => all));
  const open = [...rules.keys()].filter((at) => !shelved.has(at));
  const bases = new Map<number, Base>();

  /** @param missing the shelves whose reference is no text: their conditions judge for themselves */
  const baseFor = (missing: number): Base => {
    const known = bases.get(missing);
    if (known !== undefined) return known;
    const judged = shelves.flatMap(({ all }, i) => ((missing >> i) & 1 ? all : []));
    const positions = ascending([...open, ...judged]);
    const base = { positions, rules: pick(rules, positions) };
    if (bases.size >= MAX_BASES) bases.clear();
    bases.set(missing, base);
    return base;
  };

  return (view) => {
    let missing = 0;
    let hits: readonly number[] = [];
    shelves.forEach(({ read, byValue }, i) => {
      const value = read(view);
      if (typeof value !== "string") missing |= 1 << i;
      else hits = joined(hits, byValue.get(value) ?? []);
    });
    const base = baseFor(missing);
    return hits.length === 0 ? base.rules : pick(rules, ascending([...base.positions, ...hits]));
  };
}

function shelvesOf(rules: readonly Rule[]): readonly Shelf[] {
  const shelves = new Map<string, { read: Anchor["read"]; all: number[]; byValue: Map<string, number[]> }>();
  rules.forEach(({ when }, at) => {
    if (when?.anchor === undefined) return;
    const { path, read, values } = when.anchor;
    const shelf = shelves.get(path) ?? { read, all: [], byValue: new Map<string, number[]>() };
    shelves.set(path, shelf);
    shelf.all.push(at);
    for (const value of new Set(values)) shelf.byValue.set(value, [...(shelf.byValue.get(value) ?? []), at]);
  });
  return [...shelves.values()].toSorted((a, b) => b.all.length - a.all.length).slice(0, MAX_SHELVES);
}

function joined(a: readonly number[], b: readonly number[]): readonly number[] {
  if (b.length === 0) return a;
  return a.length === 0 ? b : [...a, ...b];
}

function ascending(positions: readonly number[]): readonly number[] {
  return positions.toSorted((a, b) => a - b);
}

function pick(rules: readonly Rule[], positions: readonly number[]): readonly Rule[] {
  const picked: Rule[] = [];
  for (const at of positions) {
    const rule = rules[at];
    if (rule !== undefined) picked.push(rule);
  }
  return picked;
}
