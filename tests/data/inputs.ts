import { readFileSync } from "node:fs";
import { z } from "zod";
import type { Received } from "../support/upstream.ts";

/** The upstream models of `twoPaths`, by path. */
export const MODELS = { enriched: "base-model", bare: "base-model-tuned" } as const;

/** The text of a file in tests/fixtures. */
export function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8");
}

/** The rows of a JSONL file in tests/fixtures, checked. */
export function rowsOf<T>(name: string, row: z.ZodType<T>): readonly T[] {
  return fixture(name)
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => row.parse(JSON.parse(line)));
}

const messageShape = z.strictObject({ role: z.enum(["system", "user", "assistant"]), content: z.string() });
export type TextMessage = z.infer<typeof messageShape>;

/** A row of a data set for fine-tuning. */
export const chatRow = z.strictObject({ messages: z.array(messageShape) });

const bodyShape = z.looseObject({
  model: z.string(),
  messages: z.array(messageShape).min(1),
  user: z.string().optional(),
  metadata: z.record(z.string(), z.string()).default({}),
  stream: z.boolean().default(false),
});

/** The body that an upstream received, checked, with the text of its last message. */
export function bodyOf({ body }: Received): z.infer<typeof bodyShape> & { readonly last: string } {
  const parsed = bodyShape.parse(body);
  return { ...parsed, last: parsed.messages.at(-1)?.content ?? "" };
}

/** What an upstream received, in the order of the numbers in `metadata.id`. */
export function byId(received: readonly Received[]): readonly Received[] {
  const id = (one: Received): number => Number(bodyOf(one).metadata["id"]);
  return received.toSorted((a, b) => id(a) - id(b));
}

/** What the gateway's headers tell of a decision. */
export function decisionIn({ headers }: Response): Record<"rule" | "variant" | "path", string | null> {
  const header = (name: string): string | null => headers.get(`x-crossover-${name}`);
  return { rule: header("rule"), variant: header("variant"), path: header("path") };
}

/** Does the work for every item, a bounded number at a time. @returns the results in the order of the items */
export async function each<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
  atOnce = 16,
): Promise<readonly R[]> {
  const results = new Map<number, R>();
  const left = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of left) results.set(index, await work(item, index));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return [...results].toSorted(([a], [b]) => a - b).map(([, result]) => result);
}

/** How often each value stands in a list. */
export function tally(values: readonly string[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return Object.fromEntries(counts);
}

/** Whole numbers from 1 to `max`, always the same for the same seed (a linear congruential generator). */
export function seeded(seed: number): (max: number) => number {
  let state = seed >>> 0;
  return (max) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return 1 + Math.floor((state / 2 ** 32) * max);
  };
}
