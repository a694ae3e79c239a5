import type { VariantHealth } from "../domain/table.ts";

/** How many of the latest requests count. */
const WINDOW = 20;

const UNUSED: VariantHealth = { ok: true, errorRate: 0, requests: 0n };

/** Remembers how each variant did lately, for conditions that look at `health`. */
export class HealthTracker {
  readonly #recent = new Map<string, boolean[]>();
  #snapshot: Readonly<Record<string, VariantHealth>> = {};

  /** Health by variant. One that was not used yet is well. */
  get snapshot(): Readonly<Record<string, VariantHealth>> {
    return this.#snapshot;
  }

  /** Names the variants of a new table; those that stay keep what is known of them, the others are forgotten. */
  watch(variants: Iterable<string>): void {
    const before = new Map(Object.entries(this.#snapshot));
    this.#snapshot = Object.fromEntries([...variants].map((name) => [name, before.get(name) ?? UNUSED]));
    for (const name of this.#recent.keys())
      if (!Object.hasOwn(this.#snapshot, name)) this.#recent.delete(name);
  }

  record(variant: string, succeeded: boolean): void {
    const before = this.#snapshot[variant];
    if (before === undefined) return; // the end of a request that began on an older table
    const recent = this.#recent.get(variant) ?? [];
    this.#recent.set(variant, recent);
    recent.push(succeeded);
    if (recent.length > WINDOW) recent.shift();
    const errorRate = recent.filter((ok) => !ok).length / recent.length;
    const requests = BigInt(recent.length);
    if (before.errorRate === errorRate && before.requests === requests) return;
    this.#snapshot = { ...this.#snapshot, [variant]: { ok: errorRate <= 0.5, errorRate, requests } };
  }
}
