import { readFileSync } from "node:fs";
import type { Parameters } from "fast-check";
import { z } from "zod";

/** How many times as often `npm run test:fuzz` tries. */
const TIMES = Number(process.env["FUZZ_TIMES"] ?? 1);

/** The seed of the runs that go with all other tests, so that they fail for a change and not by chance. */
const SEED = 20260401;

/**
 * @param modest how often to try when all tests run
 * @returns what fast-check takes. `FUZZ_TIMES` tries more, from a seed that a failure tells; `FUZZ_SEED` repeats it.
 */
export function runs(modest: number): Parameters<unknown> {
  const told = process.env["FUZZ_SEED"];
  const seed = told === undefined ? SEED : Number(told);
  return TIMES === 1 || told !== undefined ? { numRuns: modest * TIMES, seed } : { numRuns: modest * TIMES };
}

const kept = z.array(
  z.union([
    z.strictObject({ name: z.string(), text: z.string() }),
    z.strictObject({ name: z.string(), base64: z.base64() }),
  ]),
);

/** Inputs that once failed, or that a parser could well fail at, by target: as text, or as base64 of bytes. */
export function corpus(target: string): readonly { readonly name: string; readonly bytes: Buffer }[] {
  const rows = kept.parse(
    JSON.parse(readFileSync(new URL(`corpus/${target}.json`, import.meta.url), "utf8")),
  );
  return rows.map((row) => ({
    name: row.name,
    bytes: "text" in row ? Buffer.from(row.text) : Buffer.from(row.base64, "base64"),
  }));
}
