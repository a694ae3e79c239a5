import { batched, jsonLog, type Log } from "../metrics/log.ts";

/** The log on standard output. Whoever reads it may go: the gateway serves on without. */
export function stdoutLog(): Log {
  process.stdout.on("error", () => {});
  return jsonLog(batched((text) => process.stdout.write(text)));
}
