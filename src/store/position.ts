import { murmur3 } from "../domain/hash.ts";
import { StoreError } from "./store.ts";

/**
 * A capture's place in the order of time is the key of its row: its millisecond, with room for this many within one. So each index
 * holds its entries by time without naming it, and the search gives its findings by time.
 */
const PLACES = 1_024;
/** Captures of one millisecond may take the places of so many that follow. */
const OVERFLOW = 1_000;
/** The largest millisecond, in the year 2248, whose places are numbers of JavaScript. */
const LAST = 2 ** 43 - OVERFLOW - 1;

/** The first place for a capture; the next ones will do where it is taken. */
export function placeOf({ at, id }: { readonly at: number; readonly id: string }): number {
  return within(at) * PLACES + (murmur3(id) % PLACES);
}

/** No capture from this time on has a place before. */
export function placeFrom(at: number): number {
  return within(Math.ceil(at)) * PLACES;
}

/** All captures before this time have places before. */
export function placeTo(at: number): number {
  return (within(Math.ceil(at)) + OVERFLOW) * PLACES;
}

function within(at: number): number {
  return Math.min(Math.max(Math.floor(at), 0), LAST);
}

const CURSOR = /^p-[0-9a-z]{1,11}$/;

/** Where a page ended, as a text that says nothing. */
export function cursorOf(seq: number): string {
  return `p-${seq.toString(36)}`;
}

/** @throws StoreError, `invalid`, for a text that `cursorOf` did not make */
export function seqOf(cursor: string): number {
  const seq = CURSOR.test(cursor) ? Number.parseInt(cursor.slice(2), 36) : Number.NaN;
  if (!Number.isSafeInteger(seq))
    throw new StoreError("the cursor is none that a page ended with", false, true);
  return seq;
}
