import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { LOAD_CORES } from "../machine.ts";
import { runToEnd } from "../process.ts";
import { requestBody } from "../sample.ts";
import type { Stand } from "../stand.ts";

const CONNECTIONS = 64;

/** Sends requests as fast as they are answered, with wrk over kept connections. @returns how many were answered */
export async function requests(stand: Stand, folder: string, seconds: number): Promise<number> {
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
  io.write(string.format("answered %d, failed %d\\n", summary.requests,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
`,
  );
  const output = await runToEnd(
    ["wrk", "-t1", `-c${CONNECTIONS}`, `-d${seconds}s`, "--timeout", "10s", "-s", script, stand.chatUrl],
    LOAD_CORES,
  );
  const [, answered, failed] = /answered (\d+), failed (\d+)/.exec(output) ?? [];
  if (answered === undefined || failed !== "0")
    throw new Error(`${stand.name}: requests failed under load:\n${output}`);
  return Number(answered);
}
