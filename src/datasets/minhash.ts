import { mix } from "./shingles.ts";

/**
 * Finds texts that may be alike without comparing all with all: MinHash with bands.
 * Andrei Broder, "On the resemblance and containment of documents", Compression and Complexity of Sequences 1997.
 */

/** Hash functions for each text. */
const HASHES = 64;

/** Share of the pairs right at the threshold that must share a band. */
const RECALL = 0.999;

/** Odd factors: times one of them, modulo 2 to the 32nd, no two shingles become the same. */
const FACTORS = Uint32Array.from({ length: HASHES }, (_, i) => mix(Math.imul(i + 1, 0x9e3779b9)) | 1);

/** For each hash function the least hash of a shingle: two texts agree in one with a probability that is their Jaccard index. */
export function signatureOf(shingles: Uint32Array): Uint32Array {
  const signature = new Uint32Array(HASHES).fill(0xffffffff);
  // Plain loops, as this is most of the work.
  for (let i = 0; i < HASHES; i++) {
    const factor = FACTORS[i] ?? 1;
    let least = 0xffffffff;
    for (let j = 0; j < shingles.length; j++) {
      const hash = Math.imul(shingles[j] ?? 0, factor) >>> 0;
      if (hash < least) least = hash;
    }
    signature[i] = least;
  }
  return signature;
}

/**
 * How many hashes make a band: the more, the fewer pairs are compared in vain; so many that pairs at the threshold still
 * meet in one of the bands with a probability of 99.9%.
 * @param threshold Jaccard index from 0 to 1 that each of the texts of a pair must reach
 * @param texts how many texts of a row must be alike at once
 */
export function bandWidth(threshold: number, texts: number): number {
  for (let width = 8; width > 1; width--) {
    const bands = Math.floor(HASHES / width);
    if (1 - (1 - threshold ** (width * texts)) ** bands >= RECALL) return width;
  }
  return 1;
}

/** One key for each band of the signatures; rows that share a key may be alike. */
export function bandKeys(signatures: readonly Uint32Array[], width: number): readonly number[] {
  return Array.from({ length: Math.floor(HASHES / width) }, (_, band) => {
    // Two independent halves make 52 bits, so that a hundred thousand rows meet by chance in hardly any.
    let high = mix(band + 1);
    let low = mix(~band);
    for (const signature of signatures) {
      for (let i = band * width; i < (band + 1) * width; i++) {
        high = mix(high ^ (signature[i] ?? 0));
        low = mix((low + (signature[i] ?? 0)) | 0);
      }
    }
    return (high & 0xfffff) * 2 ** 32 + low;
  });
}

/** Rows by their bands. */
export class BandIndex<R> {
  readonly #rows = new Map<number, R[]>();

  /** Every row that shares a band, each once. */
  candidates(keys: readonly number[]): ReadonlySet<R> {
    return new Set(keys.flatMap((key) => this.#rows.get(key) ?? []));
  }

  add(keys: readonly number[], row: R): void {
    for (const key of keys) {
      const rows = this.#rows.get(key);
      if (rows === undefined) this.#rows.set(key, [row]);
      else rows.push(row);
    }
  }
}
