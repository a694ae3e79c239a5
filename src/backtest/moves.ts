import { cut } from "../domain/cut.ts";
import type { StoredCapture } from "../store/store.ts";
import { variantIn } from "./action.ts";
import type { MoveDocument } from "./document.ts";

const EXAMPLES = 3;
/** Longest query that is shown as an example. */
const SHOWN_CHARACTERS = 120;

/** Where a request goes. */
export interface Way {
  readonly rule: string;
  readonly action: string;
}

interface Tally {
  readonly from: string;
  readonly to: string | undefined;
  requests: number;
  readonly rules: Map<string, { readonly from: string; readonly to: string | null; requests: number }>;
  readonly examples: { readonly id: string; readonly query: string }[];
}

/** Requests that would go elsewhere, by where from and where to. */
export class Moves {
  readonly #tallies = new Map<string, Tally>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @param to undefined: the request would be refused */
  add({ id, content }: StoredCapture, from: Way, to: Way | undefined): void {
    this.#count++;
    const name = JSON.stringify([from.action, to?.action]);
    const tally = this.#tallies.get(name) ?? newTally(from, to);
    this.#tallies.set(name, tally);
    tally.requests++;
    const rules = JSON.stringify([from.rule, to?.rule]);
    const pair = tally.rules.get(rules) ?? { from: from.rule, to: to?.rule ?? null, requests: 0 };
    tally.rules.set(rules, pair);
    pair.requests++;
    if (tally.examples.length < EXAMPLES) tally.examples.push({ id, query: shortened(content?.query ?? "") });
  }

  /** @param compared requests of the route, moved or not */
  document(compared: number): MoveDocument[] {
    return [...this.#tallies.values()]
      .sort((a, b) => b.requests - a.requests)
      .map(({ from, to, requests, rules, examples }) => ({
        from: variantIn(from),
        to: to === undefined ? null : variantIn(to),
        same_variant: to !== undefined && variantIn(from) === variantIn(to),
        requests,
        share: requests / compared,
        rules: [...rules.values()].sort((a, b) => b.requests - a.requests),
        examples,
      }));
  }
}

function newTally(from: Way, to: Way | undefined): Tally {
  return { from: from.action, to: to?.action, requests: 0, rules: new Map(), examples: [] };
}

function shortened(query: string): string {
  return query.length > SHOWN_CHARACTERS ? `${cut(query, SHOWN_CHARACTERS)}…` : query;
}
