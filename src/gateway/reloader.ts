import { ConfigError, formatProblem } from "../config/problem.ts";
import type { Table } from "../domain/table.ts";
import type { Gateway } from "./gateway.ts";

/** Settings that are read at the start alone. */
const AT_START = ["host", "port", "dataDir"] as const;

/** Brings a changed configuration into force, and keeps the old one when the new one is bad. */
export class Reloader {
  readonly #gateway: Gateway;
  readonly #file: string;
  readonly #load: () => Table;
  readonly #open: boolean;
  #stale = false;

  /**
   * @param file name of the configuration's main file
   * @param load reads the configuration anew; throws ConfigError
   * @param open can others than the machine itself reach the gateway? Then its last key stays.
   */
  constructor(gateway: Gateway, file: string, load: () => Table, open: boolean) {
    this.#gateway = gateway;
    this.#file = file;
    this.#load = load;
    this.#open = open;
  }

  /** Is there a newer configuration that can't be used? */
  get stale(): boolean {
    return this.#stale;
  }

  /**
   * @returns whether another table is in force now
   * @throws ConfigError when the new configuration is bad; the old one stays in force
   */
  reload(): boolean {
    const { metrics, log, table: before } = this.#gateway;
    try {
      const table = this.#load();
      if (table.routes.size === 0 && before.routes.size > 0) throw noRoutesLeft(this.#file);
      if (this.#open && !this.#gateway.keys.requiredWith(table.keys)) throw noKeysLeft(this.#file);
      this.#stale = false;
      metrics.reloaded("success");
      const { version } = table;
      for (const notice of table.notices) if (!before.notices.includes(notice)) log("warn", notice);
      if (version === before.version) {
        log("info", "configuration unchanged", { version });
        return false;
      }
      this.#gateway.use(table);
      const moved =
        table.redis?.url !== before.redis?.url ||
        table.store?.url !== before.store?.url ||
        AT_START.some((setting) => table.server[setting] !== before.server[setting]);
      const note = moved ? "another host, port, dataDir, redis or store takes a restart" : undefined;
      if (before.keys.length > 0 && table.keys.length === 0 && !this.#open)
        log("warn", "no key is left in the configuration; one is required all the same, until a restart");
      log("info", "configuration reloaded", { version, before: before.version, note });
      return true;
    } catch (error) {
      this.#stale = true;
      metrics.reloaded("failure");
      const problem =
        error instanceof ConfigError ? error.problems.map(formatProblem).join("; ") : String(error);
      log("error", "configuration not reloaded, the old one stays in force", {
        version: before.version,
        problem,
      });
      throw error;
    }
  }

  /** `reload` for a file that changed or a signal: the failure is in the log and in the metrics. */
  tryReload(): void {
    try {
      this.reload();
    } catch {
      // Told by `reload`.
    }
  }
}

/** A file that was cut short can still be valid, without the routes that stood at its end. */
function noRoutesLeft(file: string): ConfigError {
  const message = "no route is left, as if the file were cut short. A restart takes it as it is";
  return new ConfigError([{ file, line: 1, column: 1, key: "routes", message }]);
}

function noKeysLeft(file: string): ConfigError {
  const message =
    "no key is left, and others can reach this address: everyone could use it. A restart listens on 127.0.0.1 only";
  return new ConfigError([{ file, line: 1, column: 1, key: "keys", message }]);
}
