import { collectDefaultMetrics, Registry } from "prom-client";

/** Gauges that prom-client names like counters, which `promtool check metrics` refuses. */
const MISNAMED = [
  "nodejs_active_handles_total",
  "nodejs_active_requests_total",
  "nodejs_active_resources_total",
];

/** The Node process's own metrics: memory, CPU, event loop, garbage collection. @returns their text at any time */
export function processMetrics(): () => Promise<string> {
  const register = new Registry();
  collectDefaultMetrics({ register });
  for (const name of MISNAMED) register.removeSingleMetric(name);
  return () => register.metrics();
}
