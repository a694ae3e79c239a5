import { z } from "zod";
import { StoreError } from "./store.ts";

/** Where a page ended. */
export interface Position {
  readonly at: number;
  readonly id: string;
}

const position = z.tuple([z.int(), z.string().min(1).max(1_000)]);

export function cursorOf({ at, id }: Position): string {
  return Buffer.from(JSON.stringify([at, id])).toString("base64url");
}

/** @throws StoreError, `invalid`, for a text that `cursorOf` did not make */
export function positionOf(cursor: string): Position {
  const text = Buffer.from(cursor, "base64url").toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {}
  const parsed = position.safeParse(value);
  if (!parsed.success) throw new StoreError("the cursor is none that a page ended with", false, true);
  const [at, id] = parsed.data;
  return { at, id };
}
