import { z } from "zod";
import { NAME, NAME_RULE } from "../domain/name.ts";
import type { Key } from "../domain/table.ts";

/** A key that the admin API created. */
export interface StoredKey extends Key {
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Milliseconds since 1970; a revoked key is kept, so that nobody gets its name and its past. */
  readonly revokedAt: number | undefined;
}

/** Keeps the created keys over restarts. */
export interface KeyStore {
  /** @throws StoreError when what is there can't be read; nothing there is no error */
  load(): readonly StoredKey[];
  /** Keeps these in place of all before: whole or not at all. @throws StoreError when it can't */
  save(keys: readonly StoredKey[]): Promise<void>;
}

/** Created keys can't be read or kept. Its text may name a file: it is for the operator. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}

const instant = z
  .int()
  .nullable()
  .transform((at) => at ?? undefined);

const orNone = <T extends z.ZodType>(schema: T) => schema.nullable().transform((value) => value ?? undefined);
const whole = orNone(z.int().min(1).max(1e12));
const usd = orNone(z.number().positive().max(1e6));

const storedLimits = z.strictObject({
  requestsPerMinute: whole,
  tokensPerMinute: whole,
  concurrentStreams: whole,
  usdPerDay: usd,
  usdPerMonth: usd,
});

const storedKey = z.strictObject({
  name: z.string().regex(NAME, NAME_RULE),
  proofs: z.array(z.strictObject({ hash: z.string().regex(/^[0-9a-f]{64}$/), until: instant })),
  hint: z
    .string()
    .nullable()
    .transform((text) => text ?? undefined),
  tags: z.array(z.string()),
  routes: z
    .array(z.string())
    .nullable()
    .transform((routes) => routes ?? undefined),
  forceVariant: z.boolean(),
  admin: z.boolean(),
  capture: z.boolean().default(true), // older versions did not write it
  limits: storedLimits.nullable().transform((limits) => limits ?? undefined),
  createdAt: z.int(),
  expiresAt: instant,
  revokedAt: instant,
});

/** Strict: what a newer version wrote, such as a limit, must not be dropped without a word. */
const storedKeys = z.strictObject({
  version: z.literal(1),
  keys: z
    .array(storedKey)
    .refine((keys) => new Set(keys.map(({ name }) => name)).size === keys.length, "a name stands twice"),
});

/** @throws StoreError that says what is wrong */
export function parseKeys(text: string): readonly StoredKey[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new StoreError("it is not valid JSON");
  }
  const parsed = storedKeys.safeParse(value);
  if (parsed.success) return parsed.data.keys;
  const [issue] = parsed.error.issues;
  throw new StoreError(`${issue?.path.join(".") || "the file"}: ${issue?.message}`);
}

export function formatKeys(keys: readonly StoredKey[]): string {
  return `${JSON.stringify({ version: 1, keys }, (_name, value: unknown) => value ?? null, 1)}\n`;
}
