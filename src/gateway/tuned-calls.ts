import type { Transport } from "../domain/transport.ts";
import type { Log } from "../metrics/log.ts";
import { Metrics } from "../metrics/metrics.ts";
import type { Comparing } from "../tuning/deps.ts";
import { VERSION } from "../version.ts";
import { exampleQuery } from "./example-query.ts";
import { Gateway } from "./gateway.ts";

/**
 * How a model is tried that the configuration in force does not have yet: by a gateway of its own, which serves nobody and
 * whose calls are in no metrics.
 */
export function tunedCalls({
  transport,
  log,
}: {
  readonly transport: Transport;
  readonly log: Log;
}): Comparing {
  return {
    tools: (table, route) => {
      const metrics = new Metrics({ version: VERSION, runtime: "" });
      return new Gateway({ table, transport, metrics, log }).comparisonTools(route, false);
    },
    queryOf: (example, table, route) => exampleQuery(example, { table, route }),
  };
}
