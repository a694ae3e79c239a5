import { unitOf } from "../../src/domain/hash.ts";

/** Chance that comes out the same in every process: it depends on the seeds and on what is asked, on nothing before. */
export class Dice {
  readonly #seeds: string;

  constructor(...seeds: readonly (number | string)[]) {
    this.#seeds = seeds.join("/");
  }

  /** In (0, 1). */
  unit(what: string): number {
    return unitOf(`${this.#seeds}/${what}`);
  }

  chance(what: string, share: number): boolean {
    return this.unit(what) < share;
  }

  /** A whole number, both ends included. */
  between(what: string, from: number, to: number): number {
    return from + Math.floor(this.unit(what) * (to - from + 1));
  }

  /** @throws RangeError for an empty list */
  pick<T>(what: string, list: readonly T[]): T {
    const one = list[this.between(what, 0, list.length - 1)];
    if (one === undefined) throw new RangeError("there is nothing to pick from");
    return one;
  }
}
