import type { Anchor, Candidate, ConditionView, Rule } from "../domain/table.ts";

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
  readonly candidates: readonly Candidate[];
}

/**
 * An index over the tests of equality with which conditions begin, such as `metadata.tenant == "acme"`: of
 * a thousand such rules only those are tried that name the request's own tenant.
 * @returns for a request, the rules that may match or fail, in their order; all others are false for certain
 */
export function indexRules(rules: readonly Rule[]): (view: ConditionView) => readonly Candidate[] {
  const tried = rules.map((rule): Candidate => ({ rule, fails: false }));
  const shelves = shelvesOf(rules);
  if (shelves.length === 0) return () => tried;
  const shelved = new Set(shelves.flatMap(({ all }) => all));
  const open = [...rules.keys()].filter((at) => !shelved.has(at));
  const bases = new Map<number, Base>();

  /** @param missing the shelves whose reference is not there, as bits */
  const baseFor = (missing: number): Base => {
    const known = bases.get(missing);
    if (known !== undefined) return known;
    const lost = new Set(shelves.flatMap(({ all }, i) => ((missing >> i) & 1 ? all : [])));
    const positions = ascending([...open, ...lost]);
    const candidates = positions.flatMap((at): Candidate[] => {
      const rule = rules[at];
      return rule === undefined ? [] : [{ rule, fails: lost.has(at) && rule.when?.anchor?.whole === true }];
    });
    if (bases.size >= MAX_BASES) bases.clear();
    bases.set(missing, { positions, candidates });
    return { positions, candidates };
  };

  return (view) => {
    let missing = 0;
    let hits: readonly number[] = [];
    for (let i = 0; i < shelves.length; i++) {
      const shelf = shelves[i];
      const value = shelf?.read(view);
      if (value === undefined) missing |= 1 << i;
      else if (typeof value === "string") hits = joined(hits, shelf?.byValue.get(value) ?? []);
      else return tried; // no text: the conditions judge for themselves
    }
    const base = baseFor(missing);
    return hits.length === 0 ? base.candidates : withHits(base, hits, tried);
  };
}

/** The base and the rules hit, which are none of the base's, in the order of their positions. */
function withHits(base: Base, hits: readonly number[], tried: readonly Candidate[]): readonly Candidate[] {
  const out: Candidate[] = [];
  const left = ascending(hits);
  let next = 0;
  const take = (until: number): void => {
    for (let at = left[next]; at !== undefined && at < until; at = left[++next]) {
      const hit = tried[at];
      if (hit !== undefined) out.push(hit);
    }
  };
  base.candidates.forEach((candidate, i) => {
    take(base.positions[i] ?? Number.POSITIVE_INFINITY);
    out.push(candidate);
  });
  take(Number.POSITIVE_INFINITY);
  return out;
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
