import { z } from "zod";
import type { Side } from "../domain/rollout.ts";
import { grown, packBytes, unpackBytes } from "./packed-bytes.ts";

/** Stands for "seen as the candidate's", or for one of more shares than there are numbers for. */
const KNOWN = 255;

export const unitsState = z.object({ units: z.string(), shares: z.array(z.number()) });
export const firstEventsState = z.object({ whole: z.string(), fresh: z.string() });

/** Sticky keys that are told apart: they take memory as long as the run lasts. */
const MOST_KEYS = 1_000_000;

/**
 * Gives each sticky key a small number of its own, and each share too. Keys that come after so many share one with those
 * whose places lie within the same millionth: these stand on the same side at every share of whole ten-thousandths of a
 * percent, so together they are one unit with one draw. So there are twice as many numbers at most.
 */
export class Units {
  readonly #mostKeys: number;
  readonly #indices = new Map<number, number>();
  readonly #shares: number[] = [];
  #lastShare = Number.NaN;
  #lastNumber = KNOWN;

  constructor(mostKeys = MOST_KEYS) {
    this.#mostKeys = mostKeys;
  }

  get count(): number {
    return this.#indices.size;
  }

  /** From 0. @param unit undefined: none, which is -1 */
  indexOf(unit: number | undefined): number {
    if (unit === undefined) return -1;
    const index = this.#indices.get(unit);
    if (index !== undefined) return index;
    const most = this.#mostKeys;
    return this.#indices.size < most ? this.#add(unit) : this.#nearest(Math.floor(unit * most) / most);
  }

  #nearest(unit: number): number {
    return this.#indices.get(unit) ?? this.#add(unit);
  }

  #add(unit: number): number {
    const index = this.#indices.size;
    this.#indices.set(unit, index);
    return index;
  }

  /** From 1; KNOWN for all after the 254th. */
  numberOf(share: number): number {
    if (share === this.#lastShare) return this.#lastNumber;
    let number = this.#shares.indexOf(share) + 1;
    if (number === 0) number = this.#shares.length + 1 < KNOWN ? this.#shares.push(share) : KNOWN;
    this.#lastShare = share;
    this.#lastNumber = number;
    return number;
  }

  /** @param number that `numberOf` gave, below KNOWN */
  shareOf(number: number): number {
    return this.#shares[number - 1] ?? 1;
  }

  state(): z.infer<typeof unitsState> {
    const units = new Float64Array(this.#indices.keys());
    return { units: Buffer.from(units.buffer).toString("base64"), shares: [...this.#shares] };
  }

  restore({ units, shares }: z.infer<typeof unitsState>): void {
    const bytes = Buffer.from(units, "base64");
    for (let at = 0; at < bytes.length; at += 8) this.#indices.set(bytes.readDoubleLE(at), at / 8);
    this.#shares.push(...shares);
  }
}

/**
 * Which units had an event already. A sticky user's events are not so many independent draws: the user was assigned by one
 * draw, so only the first event tells anything. For the same reason the chance that it is the candidate's is the share alone
 * only for a unit that nothing is known of: one that was seen as the control's at the share a is the candidate's at a larger
 * share b with chance (b - a) / (1 - a), and one that was seen as the candidate's stays it.
 *
 * The guarantee is that of the assignment's randomness alone; users may differ as they like. (Randomisation inference after
 * R. A. Fisher, "The Design of Experiments", 1935.)
 */
export class FirstEvents {
  readonly #units: Units;
  /** By unit: 0 nothing is known, else the number of the largest share at which it was seen as the control's, or KNOWN. */
  #whole = new Uint8Array(0);
  /** By unit: the fresh epoch of its last event. */
  #fresh = new Uint8Array(0);

  constructor(units: Units) {
    this.#units = units;
  }

  /**
   * Takes note of an event in the whole run.
   * @param unit its index; -1: chance decided for this request alone
   * @returns the chance that it had to be the candidate's; 0: it tells nothing
   */
  chance(unit: number, side: Side, share: number): number {
    if (share <= 0 || share >= 1) return 0;
    if (unit < 0) return share;
    if (unit >= this.#whole.length) this.#whole = grown(this.#whole, unit);
    const known = this.#whole[unit] ?? 0;
    if (known === KNOWN) return 0;
    const before = known === 0 ? 0 : this.#units.shareOf(known);
    if (known !== 0 && share <= before) return 0;
    this.#whole[unit] = side === "candidate" ? KNOWN : this.#units.numberOf(share);
    return (share - before) / (1 - before);
  }

  /** Is it the first of a unit of which nothing is known in the whole run? Takes note of it. */
  isFirstEver(unit: number): boolean {
    if (unit < 0) return true;
    if (unit >= this.#whole.length) this.#whole = grown(this.#whole, unit);
    if (this.#whole[unit] !== 0) return false;
    this.#whole[unit] = KNOWN;
    return true;
  }

  /** Is it the unit's first in this fresh epoch? Takes note of it. @param epoch 1 to 255 */
  isFirst(unit: number, epoch: number): boolean {
    if (unit < 0) return true;
    if (unit >= this.#fresh.length) this.#fresh = grown(this.#fresh, unit);
    if (this.#fresh[unit] === epoch) return false;
    this.#fresh[unit] = epoch;
    return true;
  }

  state(): z.infer<typeof firstEventsState> {
    const { count } = this.#units;
    return {
      whole: packBytes(this.#whole.subarray(0, count)),
      fresh: packBytes(this.#fresh.subarray(0, count)),
    };
  }

  restore({ whole, fresh }: z.infer<typeof firstEventsState>): void {
    this.#whole = unpackBytes(whole, this.#units.count);
    this.#fresh = unpackBytes(fresh, this.#units.count);
  }
}
