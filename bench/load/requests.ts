import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { LOAD_CORES } from "../machine.ts";
import { runToEnd } from "../process.ts";
import { requestBody } from "../sample.ts";
import type { Stand } from "../stand.ts";

const CONNECTIONS = 64;

export interface FullLoad {
  readonly answered: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Sends requests as fast as they are answered. @returns how many were answered */
export async function requests(stand: Stand, folder: string, seconds: number): Promise<number> {
  return (await fullLoad(stand, folder, seconds)).answered;
}

/** The same, with wrk over kept connections, and how long answers took. */
export async function fullLoad(stand: Stand, folder: string, seconds: number): Promise<FullLoad> {
  const script = join(folder, "request.lua");
  const headers = { "content-type": "application/json", ...stand.headers };
  writeFileSync(
    script,
    `wrk.method = "POST"
wrk.body = [==[${requestBody({ model: stand.model, stream: false })}]==]
${Object.entries(headers)
  .map(([name, value]) => `wrk.headers["${name}"] = [==[${value}]==]`)
  .join("\n")}
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("answered %d, failed %d, p50 %d us, p99 %d us\\n", summary.requests,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
`,
  );
  const output = await runToEnd(
    ["wrk", "-t1", `-c${CONNECTIONS}`, `-d${seconds}s`, "--timeout", "10s", "-s", script, stand.chatUrl],
    LOAD_CORES,
  );
  const [, answered, failed, p50 = "", p99 = ""] =
    /answered (\d+), failed (\d+), p50 (\d+) us, p99 (\d+) us/.exec(output) ?? [];
  if (answered === undefined || failed !== "0")
    throw new Error(`${stand.name}: requests failed under load:\n${output}`);
  return { answered: Number(answered), p50Ms: Number(p50) / 1000, p99Ms: Number(p99) / 1000 };
}
