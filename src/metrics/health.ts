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

  /** Names the variants of a new table; those that stay keep what is known of them. */
  watch(variants: Iterable<string>): void {
    this.#snapshot = Object.fromEntries([...variants].map((name) => [name, this.#snapshot[name] ?? UNUSED]));
  }

  record(variant: string, succeeded: boolean): void {
    const recent = this.#recent.get(variant) ?? [];
    this.#recent.set(variant, recent);
    recent.push(succeeded);
    if (recent.length > WINDOW) recent.shift();
    const errorRate = recent.filter((ok) => !ok).length / recent.length;
    const requests = BigInt(recent.length);
    const before = this.#snapshot[variant];
    if (before === undefined || (before.errorRate === errorRate && before.requests === requests)) return;
    this.#snapshot = { ...this.#snapshot, [variant]: { ok: errorRate <= 0.5, errorRate, requests } };
  }
}
