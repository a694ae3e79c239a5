import { until } from "../../support/until.ts";
import { ask } from "../client.ts";
import { slugOf } from "../row.ts";
import type { ScenarioGroup } from "../scenario.ts";
import { frame, HANG, streamHead } from "../script.ts";
import { OK, ONE, ROLE } from "./payloads.ts";
import { ALL, ALL_JSON, gated, openStreams } from "./streams.ts";

const stop = { name: "SIGTERM during 20 streams and 10 answers" };
const stopGate = gated(20);
const late = { name: "SIGTERM during a stream that never ends" };

export const stopping: ScenarioGroup = {
  title: "The gateway stops",
  scenarios: [
    {
      ...stop,
      upstream: [...stopGate.scripts, [{ gate: stopGate.gate }, ...OK]],
      play: async (bench) => {
        const { ended } = await openStreams(bench, stop, 20);
        const answers = Array.from({ length: 10 }, () => ask(bench, stop));
        await until(() => bench.upstream.calls(slugOf(stop)).length === 30);
        bench.gateway.child.process.kill("SIGTERM");
        await until(async () => (await fetch(`${bench.gateway.url}/health/ready`)).status === 503);
        const tooLate = await ask(bench, stop);
        stopGate.open();
        return { seen: [...(await ended), ...(await Promise.all(answers)), tooLate] };
      },
      sees: { [ALL]: 20, [ALL_JSON]: 10, "503 `gateway_draining`": 1 },
      counted: {},
      kept: "Every answer under way, to its last byte. Readiness says at once that the gateway stops, and so does an answer to whoever comes later; the process ends with 0.",
      exits: 0,
    },
    {
      ...late,
      upstream: [[streamHead(), frame(ROLE + ONE), HANG]],
      timeouts: { idle: 120 },
      play: async (bench) => {
        const { ended } = await openStreams(bench, late, 1);
        bench.gateway.child.process.kill("SIGTERM");
        return { seen: await ended };
      },
      sees: { '200 and "one ", then `gateway_draining`': 1 },
      counted: {},
      kept: "After 30 seconds the stream ends with an error, not with a broken connection; the process ends with 0.",
      exits: 0,
    },
  ],
};
