import { ruleSetOf } from "../backtest/rule-set.ts";
import { messageOf } from "../domain/errors.ts";
import type { Table } from "../domain/table.ts";
import type { Log } from "../metrics/log.ts";
import type { Store } from "../store/store.ts";

/** How long a store that failed is left alone, in milliseconds. */
const RETRY_MS = 30_000;

/** Keeps the rules of each table by which something is captured, for those who ask later why a request went where it did. */
export class RuleKeeper {
  readonly #store: Pick<Store, "saveRuleSet">;
  readonly #log: Log;
  #kept: Table | undefined;
  #retryAt = 0;

  constructor(store: Pick<Store, "saveRuleSet">, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** Waits for nobody. The same table again does nothing, unless it could not be kept. */
  keep(table: Table): void {
    if (table === this.#kept) return;
    const now = performance.now();
    if (now < this.#retryAt) return;
    this.#kept = table;
    const document = JSON.stringify(ruleSetOf(table));
    this.#store.saveRuleSet({ version: table.version, at: Date.now(), document }).catch((error: unknown) => {
      this.#kept = undefined;
      this.#retryAt = now + RETRY_MS;
      this.#log("warn", "the rules in force could not be kept", {
        problem: messageOf(error),
      });
    });
  }
}
