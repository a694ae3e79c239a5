import type { Batch } from "../../src/store/store.ts";
import { capture, usage } from "../store/samples.ts";

/** How many captures the batch of this number has. */
export function sizeOf(number: number): number {
  return 1 + (number % 7) * 5;
}

/** A batch that can be told from all others; its time is its number, and it counts as one request of its hour. */
export function numbered(number: number): Batch {
  return {
    captures: Array.from({ length: sizeOf(number) }, (_, index) =>
      capture(`${number}-${index}`, { at: number }),
    ),
    recipes: [],
    usage: [usage({ requests: 1 })],
  };
}
