import type { Random } from "./random.ts";

/** People who come back, some far more often than others. */
export class Users {
  readonly count: number;
  /** Of each the number from 0 to 1 that says on which side it is. */
  readonly #units: Float64Array;
  /** Walker's alias method: a user is drawn in constant time, however unequal they are. */
  readonly #own: Float64Array;
  readonly #other: Uint32Array;

  /** @param spread of the logarithm of how active they are, as a standard deviation */
  constructor(random: Random, { count, spread }: { readonly count: number; readonly spread: number }) {
    this.count = count;
    this.#units = Float64Array.from({ length: count }, () => random.unit());
    const activity = Float64Array.from({ length: count }, () => Math.exp(spread * random.normal()));
    const mean = activity.reduce((sum, value) => sum + value, 0) / count;
    this.#own = activity.map((value) => value / mean);
    this.#other = new Uint32Array(count);
    this.#fill();
  }

  /** @returns the user's place, from 0 */
  draw(random: Random): number {
    const place = Math.floor(random.unit() * this.count);
    return random.unit() < (this.#own[place] ?? 0) ? place : (this.#other[place] ?? 0);
  }

  unitOf(place: number): number {
    return this.#units[place] ?? 0;
  }

  /** Each place keeps as much of its own as it may, and is filled up to 1 by one who has more than that. */
  #fill(): void {
    const own = this.#own;
    const poor = [...own.keys()].filter((place) => (own[place] ?? 0) < 1);
    const rich = [...own.keys()].filter((place) => (own[place] ?? 0) >= 1);
    for (let place = poor.pop(); place !== undefined; place = poor.pop()) {
      const giver = rich.at(-1);
      if (giver === undefined) {
        own[place] = 1; // rounding has left it
        continue;
      }
      this.#other[place] = giver;
      const left = (own[giver] ?? 0) - (1 - (own[place] ?? 0));
      own[giver] = left;
      if (left < 1) {
        rich.pop();
        poor.push(giver);
      }
    }
  }
}
