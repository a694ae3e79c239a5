/** Words that are made at a time. */
const BATCH = 4096;

/**
 * The numbers of a simulated run, the same for the same name and run always and everywhere. The generator is the one of
 * `seededRandom` (SFC32), which makes a number at a time; here they are made in batches, since a full simulation needs
 * some ten billion.
 */
export class Random {
  readonly #words = new Uint32Array(BATCH);
  #at = BATCH;
  readonly #state: Int32Array;
  #spare: number | undefined;

  constructor(name: string, run: number) {
    this.#state = Int32Array.of(hashOf(name), run, 0x5851f42d, 1);
    this.fill(this.#words); // by its end each bit of the seed has reached every other
  }

  /** A whole number from 0 up to but not including 2^32. */
  word(): number {
    if (this.#at === BATCH) {
      this.fill(this.#words);
      this.#at = 0;
    }
    return this.#words[this.#at++] ?? 0;
  }

  /** A number from 0 up to but not including 1. */
  unit(): number {
    return this.word() / 2 ** 32;
  }

  /** From the standard normal distribution, by Marsaglia's polar method. */
  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    for (;;) {
      const x = 2 * this.unit() - 1;
      const y = 2 * this.unit() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const reach = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spare = y * reach;
      return x * reach;
    }
  }

  /** @param mean above 0 */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.unit());
  }

  /** From the gamma distribution of this shape and scale 1. After Marsaglia and Tsang, ACM TOMS 26 (2000). */
  gamma(shape: number): number {
    if (shape < 1) return this.gamma(shape + 1) * (1 - this.unit()) ** (1 / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(1 - this.unit()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  }

  /** A share from the beta distribution of this mean, of which two draws of one share correlate by `correlation`. */
  beta(mean: number, correlation: number): number {
    const size = 1 / correlation - 1;
    const a = this.gamma(mean * size);
    const b = this.gamma((1 - mean) * size);
    return a / (a + b);
  }

  /** Fills all of `words` with whole numbers from 0 up to but not including 2^32. */
  fill(words: Uint32Array): void {
    const state = this.#state;
    let a = state[0] ?? 0;
    let b = state[1] ?? 0;
    let c = state[2] ?? 0;
    let counter = state[3] ?? 0;
    for (let i = 0; i < words.length; i++) {
      const sum = (a + b + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + sum) | 0;
      words[i] = sum;
    }
    state[0] = a;
    state[1] = b;
    state[2] = c;
    state[3] = counter;
  }
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
