import type { ServerSettings, StoreSettings } from "../domain/table.ts";
import type { Config } from "./schema.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** Where captures are kept: in a file of the data folder, unless the configuration says otherwise. */
export function compileStore({ store }: Config, { dataDir }: ServerSettings): StoreSettings | undefined {
  if (store === false) return undefined;
  const { url, retention = {} } = store ?? {};
  return {
    // In a url a percent sign begins an escape.
    url: url || `file:${dataDir.replace(/\/+$/, "").replaceAll("%", "%25")}/crossover.db`,
    isStated: store !== undefined,
    retention: {
      maxAgeMs: (retention.days ?? 90) * DAY_MS,
      maxBytes: retention.maxBytes ?? 10 * 1024 ** 3,
    },
  };
}
