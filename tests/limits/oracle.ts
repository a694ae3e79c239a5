import fc from "fast-check";
import { bucketKey, type Claim, type Outcome, type Standing } from "../../src/limits/ledger.ts";

/** A reservation as the oracle remembers it. */
export interface Entry {
  readonly at: number;
  readonly claims: readonly Claim[];
  actual: readonly number[] | undefined;
}

/** What one claim of an entry counts for. */
interface Part {
  readonly at: number;
  readonly reserved: number;
  readonly actual: number | undefined;
}

export interface Expected {
  readonly blocked: "no" | "held" | "spent";
  readonly retryAfterMs: number | undefined;
  readonly standing: Standing;
}

/** The rules in their plainest form: everything is remembered, and counted anew each time. */
export class Oracle {
  readonly entries: Entry[] = [];

  /** Adds the reservation where the rules grant it. */
  reserve(claims: readonly Claim[], now: number): readonly Expected[] {
    const before = claims.map((claim) => this.look(claim, now));
    if (before.some(({ blocked }) => blocked !== "no")) return before;
    this.entries.push({ at: now, claims, actual: undefined });
    return claims.map((claim) => ({ ...this.look(claim, now), blocked: "no", retryAfterMs: undefined }));
  }

  look(claim: Claim, now: number): Expected {
    const parts = this.#parts(claim);
    switch (claim.window.kind) {
      case "sliding":
        return sliding(claim, claim.window.ms, parts, now);
      case "open": {
        const held = sum(parts.filter(({ actual }) => actual === undefined).map(({ reserved }) => reserved));
        const fits = held + claim.amount <= claim.limit;
        const tooLarge = claim.amount > claim.limit;
        return {
          blocked: fits ? "no" : tooLarge ? "spent" : "held",
          retryAfterMs: tooLarge ? undefined : 1000,
          standing: { remaining: Math.max(0, claim.limit - held), resetMs: 0 },
        };
      }
      case "day":
      case "month":
        return budget(claim, claim.window.kind, parts, now);
    }
  }

  #parts(claim: Claim): readonly Part[] {
    const key = bucketKey(claim);
    return this.entries.flatMap(({ at, claims, actual }) =>
      claims.flatMap((other, i) =>
        bucketKey(other) === key ? [{ at, reserved: other.amount, actual: actual?.[i] }] : [],
      ),
    );
  }
}

function sliding({ amount, limit }: Claim, ms: number, parts: readonly Part[], now: number): Expected {
  const slotMs = Math.ceil(ms / 60);
  const leaves = (at: number): number => (Math.floor(at / slotMs) + 1) * slotMs + ms;
  const unitsAt = (then: number): number =>
    sum(parts.filter(({ at }) => leaves(at) > then).map(({ reserved, actual }) => actual ?? reserved));
  const units = unitsAt(now);
  const ends = parts.map(({ at }) => leaves(at)).filter((end) => end > now);
  const opens = ends.sort((a, b) => a - b).find((end) => unitsAt(end) + amount <= limit);
  return {
    blocked: units + amount <= limit ? "no" : "spent",
    retryAfterMs: amount > limit || opens === undefined ? undefined : opens - now,
    standing: {
      remaining: Math.max(0, limit - units),
      resetMs: units === 0 ? 0 : Math.max(...ends) - now,
    },
  };
}

function budget(claim: Claim, kind: "day" | "month", parts: readonly Part[], now: number): Expected {
  const periodOf = (at: number): string => new Date(at).toISOString().slice(0, kind === "day" ? 10 : 7);
  const here = parts.filter(({ at }) => periodOf(at) === periodOf(now));
  const used = sum(here.map(({ actual }) => actual ?? 0));
  const reserved = sum(here.filter(({ actual }) => actual === undefined).map((part) => part.reserved));
  let end = Math.floor(now / 86_400_000 + 1) * 86_400_000;
  while (periodOf(end) === periodOf(now)) end += 86_400_000;
  const fits = used + reserved + claim.amount <= claim.limit || (reserved === 0 && used < claim.limit);
  const spent = used >= claim.limit;
  return {
    blocked: fits ? "no" : spent ? "spent" : "held",
    retryAfterMs: spent ? end - now : 1000,
    standing: { remaining: Math.max(0, claim.limit - used - reserved), resetMs: end - now },
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** What the ledger has to answer where the oracle expects this. */
export function expectedOutcome(claims: readonly Claim[], expected: readonly Expected[]): unknown {
  const standings = expected.map(({ standing }) => standing);
  const wait = ({ retryAfterMs }: Expected): number => retryAfterMs ?? Number.POSITIVE_INFINITY;
  const spent = expected.filter(({ blocked }) => blocked === "spent");
  const longest = spent.find((one) => spent.every((other) => wait(other) <= wait(one)));
  const worst = longest ?? expected.find(({ blocked }) => blocked === "held");
  if (worst === undefined) return { kind: "granted", standings };
  return {
    kind: "refused",
    claim: claims[expected.indexOf(worst)],
    spent: worst.blocked === "spent",
    retryAfterMs: worst.retryAfterMs,
    standings,
  };
}

/** An outcome without its reservation. */
export function bare(outcome: Outcome): unknown {
  if (outcome.kind === "refused") return outcome;
  const { reservation: _, ...rest } = outcome;
  return rest;
}

const BUCKETS: readonly fc.Arbitrary<Claim>[] = [
  claimOf("rpm", { kind: "sliding", ms: 60_000 }, [3, 5], [1, 1]),
  claimOf("tpm", { kind: "sliding", ms: 60_000 }, [100, 60], [0, 70]),
  // No shorter, or Redis would forget it while the test's time stands still.
  claimOf("odd", { kind: "sliding", ms: 20_011 }, [4], [0, 5]),
  claimOf("money", { kind: "day" }, [1_000_000_000, 250_000_000], [0, 300_000_000]),
  claimOf("money", { kind: "month" }, [3_000_000_000], [0, 1_000_000_000]),
  claimOf("streams", { kind: "open" }, [2, 3], [0, 1]),
];

function claimOf(
  bucket: string,
  window: Claim["window"],
  limits: readonly number[],
  [min, max]: readonly [number, number],
): fc.Arbitrary<Claim> {
  return fc
    .record({ limit: fc.constantFrom(...limits), amount: fc.integer({ min, max }) })
    .map((figures) => ({ bucket, window, ...figures }));
}

export type Step =
  | { readonly kind: "reserve"; readonly claims: readonly Claim[] }
  /** Settles one of those under way, by the share of what it reserved that it used, in percent. */
  | { readonly kind: "settle"; readonly which: number; readonly percent: readonly number[] }
  | { readonly kind: "advance"; readonly ms: number };

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(...BUCKETS.map((claim) => fc.option(claim, { nil: undefined })))
      .map((some) => ({ kind: "reserve" as const, claims: some.filter((claim) => claim !== undefined) })),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("settle" as const),
      which: fc.nat(20),
      percent: fc.array(fc.oneof(fc.constant(100), fc.integer({ min: 0, max: 150 })), {
        minLength: BUCKETS.length,
        maxLength: BUCKETS.length,
      }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc
      .oneof(
        fc.integer({ min: 0, max: 200 }),
        fc.integer({ min: 0, max: 15_000 }),
        fc.integer({ min: 58_990, max: 61_010 }),
        fc.integer({ min: 0, max: 20 * 86_400_000 }),
      )
      .map((ms) => ({ kind: "advance" as const, ms })),
  },
);

export const histories = fc.array(steps, { minLength: 1, maxLength: 60 });
