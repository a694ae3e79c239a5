import { known } from "../domain/made.ts";
import type { VariantHealth } from "../domain/table.ts";

/** How many of the latest requests count. */
const WINDOW = 20;

const UNUSED: VariantHealth = { ok: true, errorRate: 0, requests: 0n };

/** Remembers how each variant did lately, for conditions that look at `health`. */
export class HealthTracker {
  readonly #recent = new Map<string, Window>();
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
    if (!Object.hasOwn(this.#snapshot, variant)) return; // the end of a request that began on an older table
    const recent = known(this.#recent, variant, () => new Window());
    if (recent.add(succeeded)) this.#snapshot = { ...this.#snapshot, [variant]: recent.health };
  }
}

/** The latest outcomes of one variant. */
class Window {
  readonly #outcomes: boolean[] = [];
  #oldest = 0;
  #failures = 0;

  /** @returns whether the health is another one now */
  add(succeeded: boolean): boolean {
    const before = this.#failures;
    if (!succeeded) this.#failures++;
    if (this.#outcomes.length < WINDOW) {
      this.#outcomes.push(succeeded);
      return true;
    }
    if (this.#outcomes[this.#oldest] === false) this.#failures--;
    this.#outcomes[this.#oldest] = succeeded;
    this.#oldest = (this.#oldest + 1) % WINDOW;
    return this.#failures !== before;
  }

  get health(): VariantHealth {
    const requests = this.#outcomes.length;
    const errorRate = this.#failures / requests;
    return { ok: errorRate <= 0.5, errorRate, requests: BigInt(requests) };
  }
}
