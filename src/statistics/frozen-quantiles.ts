import { DDSketch } from "@datadog/sketches-js";
import { z } from "zod";

/** Fewer values than this tell too little of a distribution's tail. */
const ENOUGH = 200;

export const frozenQuantilesState = z.object({
  values: z.array(z.tuple([z.number(), z.number()])),
  frozen: z.array(z.number()).optional(),
  isDue: z.boolean(),
});

/** Something that values are put into and quantiles come out of. */
export interface QuantileSketch {
  readonly count: number;
  accept(value: number, weight?: number): void;
  getValueAtQuantile(quantile: number): number;
  /** What it would take to make another one like it: values and how often each was put in. */
  entries(): [value: number, weight: number][];
}

/**
 * Quantiles of the control's values, frozen before anything is measured by them: a threshold that followed the values would
 * know them. They are taken when there are enough values, and once more for each fresh epoch, of the values since.
 *
 * Where chance assigns each request anew, what is measured later is independent of them, and tests of events above them keep
 * their guarantee. With sticky users that is so but for those whose values they were taken from: that these are the control's
 * stands in the threshold, so that their first event beyond it is no fresh draw. Each of them counts once. It matters where a
 * few users gave most of the values, and is measured by the simulation rather than proved.
 */
export class FrozenQuantiles {
  readonly #levels: readonly number[];
  readonly #make: () => QuantileSketch;
  #sketch: QuantileSketch;
  #frozen: Float64Array | undefined;
  #isDue = true;

  /** @param levels 0 to 1 */
  constructor(levels: readonly number[], make: () => QuantileSketch = logarithmicSketch) {
    this.#levels = levels;
    this.#make = make;
    this.#sketch = make();
  }

  /** By level; undefined: there were not yet enough values. */
  get values(): Float64Array | undefined {
    return this.#frozen;
  }

  /** To be called after the value was measured. @returns whether thresholds are others now */
  add(value: number): boolean {
    this.#sketch.accept(value);
    return this.#isDue && this.#freeze();
  }

  /** New ones are wanted, as soon as there are enough values. @returns whether thresholds are others now */
  renew(): boolean {
    this.#isDue = true;
    return this.#freeze();
  }

  state(): z.infer<typeof frozenQuantilesState> {
    return {
      values: this.#sketch.entries(),
      frozen: this.#frozen && [...this.#frozen],
      isDue: this.#isDue,
    };
  }

  restore({ values, frozen, isDue }: z.infer<typeof frozenQuantilesState>): void {
    for (const [value, weight] of values) this.#sketch.accept(value, weight);
    this.#frozen = frozen && new Float64Array(frozen);
    this.#isDue = isDue;
  }

  #freeze(): boolean {
    if (this.#sketch.count < ENOUGH) return false;
    this.#frozen = Float64Array.from(this.#levels, (level) => this.#sketch.getValueAtQuantile(level));
    this.#isDue = false;
    this.#sketch = this.#make();
    return true;
  }
}

/**
 * For values above 0 of any size, to within 1 %: C. Masson, J. Rim and H. Lee, "DDSketch: A Fast and Fully-Mergeable Quantile
 * Sketch with Relative-Error Guarantees", VLDB 2019, arXiv:1908.10693.
 */
export function logarithmicSketch(): QuantileSketch {
  const sketch = new DDSketch();
  return {
    get count() {
      return sketch.count;
    },
    accept: (value, weight) => sketch.accept(value, weight),
    getValueAtQuantile: (quantile) => sketch.getValueAtQuantile(quantile),
    entries: () => {
      const { store, mapping, zeroCount } = sketch;
      const entries: [number, number][] = zeroCount > 0 ? [[0, zeroCount]] : [];
      store.bins.forEach((weight, i) => {
        if (weight > 0) entries.push([mapping.value(i + store.offset), weight]);
      });
      return entries;
    },
  };
}

/** For values from 0 to 1, down to the hundredth; those that are whole hundredths exactly. */
export function hundredths(): QuantileSketch {
  const counts = new Float64Array(101);
  let count = 0;
  return {
    get count() {
      return count;
    },
    accept: (value, weight = 1) => {
      const cell = Math.round(value * 100);
      counts[cell] = (counts[cell] ?? 0) + weight;
      count += weight;
    },
    getValueAtQuantile: (quantile) => {
      const rank = quantile * (count - 1);
      let below = 0;
      const cell = counts.findIndex((weight) => {
        below += weight;
        return below > rank;
      });
      return cell / 100;
    },
    entries: () => [...counts].flatMap((cell, i): [number, number][] => (cell > 0 ? [[i / 100, cell]] : [])),
  };
}
