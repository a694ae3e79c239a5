import { renameSync, writeFileSync } from "node:fs";
import { sampleOf } from "../../support/samples.ts";
import { until } from "../../support/until.ts";
import type { Bench } from "../bench.ts";
import { ask } from "../client.ts";
import type { ScenarioGroup } from "../scenario.ts";
import { OK } from "./payloads.ts";
import { ALL, ALL_JSON, askInTurn, gated, openStreams } from "./streams.ts";

const reload = { name: "a bad configuration is put in place during 20 streams" };
const reloadGate = gated(20);
const jump = { name: "the clock jumps by an hour and back, during 5 streams" };
const jumpGate = gated(5);
const unread = { name: "whoever reads the log has gone" };
const fullDisk = { name: "the log's disk is full" };

/** Files that can't be used, each in its own way. */
const BAD_FILES = [
  "routes:\n  half: { rules: [",
  "",
  "routes: { other: { rules: [{ use: nobody }] } }\n",
  `# ${"x".repeat(200_000_000)}\nnonsense: true\n`,
  "\0\u0001\u0002",
] as const;

/** At once, so that no half of a file is a further one. */
function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

const failedReloads = async ({ gateway }: Bench): Promise<number> =>
  sampleOf(await gateway.metrics(), "crossover_config_reloads_total", { result: "failure" });

export const surroundings: ScenarioGroup = {
  title: "What befalls the gateway's own process",
  scenarios: [
    {
      ...reload,
      upstream: [...reloadGate.scripts, OK],
      play: async (bench) => {
        const { ended } = await openStreams(bench, reload, 20);
        for (const [before, text] of BAD_FILES.entries()) {
          replaceFile(bench.gateway.configPath, text);
          await until(async () => (await failedReloads(bench)) > before);
        }
        const after = await ask(bench, reload);
        const ready = await fetch(`${bench.gateway.url}/health/ready`);
        reloadGate.open();
        return {
          seen: [...(await ended), after],
          counts: {
            "ready, and stale": Number(ready.ok && (await ready.text()).includes("stale")),
          },
        };
      },
      sees: { [ALL]: 20, [ALL_JSON]: 1 },
      counted: {
        'crossover_config_reloads_total{result="failure"}': BAD_FILES.length,
        'crossover_config_reloads_total{result="success"}': 0,
        'crossover_requests_total{status="200"}': 21,
        "ready, and stale": 1,
      },
      kept: "The configuration that was good stays in force, the streams go on; each bad file is told once in the log.",
    },
    {
      ...jump,
      gateway: "its clock can jump",
      upstream: [...jumpGate.scripts, OK],
      play: async (bench) => {
        const { child } = bench.gateway;
        const { ended } = await openStreams(bench, jump, 5);
        const jumps: number[] = [];
        for (const count of [1, 2]) {
          child.process.kill("SIGUSR2");
          await until(() => linesOf(bench, "the clock jumped").length === count);
          jumps.push(await hoursApart(bench));
        }
        jumpGate.open();
        return {
          seen: await ended,
          counts: {
            "hours apart after the first jump": jumps[0] ?? 0,
            "hours apart after the second": jumps[1] ?? 0,
          },
        };
      },
      sees: { [ALL]: 5 },
      counted: {
        "hours apart after the first jump": 1,
        "hours apart after the second": 0,
        'crossover_requests_total{status="200"}': 7,
        'crossover_request_duration_seconds_bucket{le="60"}': 7,
      },
      kept: "No timeout fires, and no duration is counted that was not: both go by a clock that never jumps.",
    },
    {
      ...unread,
      upstream: [OK],
      play: async (bench) => {
        bench.gateway.child.process.stdout?.destroy();
        return { seen: await askInTurn(bench, unread, 5) };
      },
      sees: { [ALL_JSON]: 5 },
      counted: { 'crossover_requests_total{status="200"}': 5 },
      kept: "The answers, and all counters; the log's lines are lost.",
    },
    {
      ...fullDisk,
      gateway: "its log goes to a full disk",
      upstream: [OK],
      play: async (bench) => ({ seen: await askInTurn(bench, fullDisk, 5) }),
      sees: { [ALL_JSON]: 5 },
      counted: { 'crossover_requests_total{status="200"}': 5 },
      kept: "The answers, and all counters; the log's lines are lost.",
    },
  ],
};

const linesOf = ({ gateway }: Bench, text: string) => gateway.log().filter(({ message }) => message === text);

/** By how many hours the log's clock differs from the test's. */
async function hoursApart(bench: Bench): Promise<number> {
  const before = linesOf(bench, "request").length;
  await ask(bench, jump);
  await until(() => linesOf(bench, "request").length > before);
  const time = String(linesOf(bench, "request").at(-1)?.["time"]);
  return Math.round(Math.abs(Date.parse(time) - Date.now()) / 3_600_000);
}
