import { writeFileSync } from "node:fs";
import { sampleOf } from "../../support/samples.ts";
import { until } from "../../support/until.ts";
import type { Bench } from "../bench.ts";
import { ask, type Seen } from "../client.ts";
import { slugOf } from "../row.ts";
import type { ScenarioGroup } from "../scenario.ts";
import { frame, HANG, LAST_FRAME, type Script, streamHead } from "../script.ts";
import { openStreams } from "./crowd.ts";
import { DONE, FINISH, OK, ONE, ROLE, TWO } from "./payloads.ts";

const ALL = '200 and all of "one two"';
const ALL_JSON = '200 and all of "all of it"';

/** Streams that stop half-way until their gate is opened. */
function gated(count: number): {
  readonly gate: Promise<void>;
  readonly open: () => void;
  readonly scripts: readonly Script[];
} {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const script = [streamHead(), frame(ROLE + ONE), { gate }, frame(TWO + FINISH + DONE), LAST_FRAME];
  return { gate, open, scripts: Array.from({ length: count }, () => script) };
}

const reload = { name: "a bad configuration is put in place during 20 streams" };
const reloadGate = gated(20);
const stop = { name: "SIGTERM during 20 streams and 10 answers" };
const stopGate = gated(20);
const late = { name: "SIGTERM during a stream that never ends" };
const jump = { name: "the clock jumps by an hour and back, during 5 streams" };
const jumpGate = gated(5);
const unread = { name: "whoever reads the log has gone" };
const fullDisk = { name: "the log's disk is full" };

/** Files that can't be used, each in its own way. */
const BAD_FILES = [
  "routes:\n  half: { rules: [",
  "",
  "routes: { other: { rules: [{ use: nobody }] } }\n",
  `# ${"x".repeat(5_000_000)}\nnonsense: true\n`,
  "\0\u0001\u0002",
] as const;

const failedReloads = async ({ gateway }: Bench): Promise<number> =>
  sampleOf(await gateway.metrics(), "crossover_config_reloads_total", { result: "failure" });

async function askInTurn(bench: Bench, asking: { readonly name: string }, count: number): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (let i = 0; i < count; i++) seen.push(await ask(bench, asking));
  return seen;
}

export const surroundings: ScenarioGroup = {
  title: "What befalls the gateway's own process",
  scenarios: [
    {
      ...reload,
      upstream: [...reloadGate.scripts, OK],
      play: async (bench) => {
        const { ended } = await openStreams(bench, reload, 20);
        for (const [before, text] of BAD_FILES.entries()) {
          writeFileSync(bench.gateway.configPath, text);
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
      ...stop,
      upstream: [...stopGate.scripts, [{ gate: stopGate.gate }, ...OK]],
      play: async (bench) => {
        const { ended } = await openStreams(bench, stop, 20);
        const answers = Array.from({ length: 10 }, () => ask(bench, stop));
        await until(() => bench.upstream.calls(slugOf(stop)).length === 30);
        bench.gateway.child.process.kill("SIGTERM");
        await until(() =>
          fetch(`${bench.gateway.url}/health/live`).then(
            () => false,
            () => true,
          ),
        );
        const tooLate = await ask(bench, stop);
        stopGate.open();
        return { seen: [...(await ended), ...(await Promise.all(answers)), tooLate] };
      },
      sees: { [ALL]: 20, [ALL_JSON]: 10, nothing: 1 },
      counted: {},
      kept: "Every answer under way, to its last byte. New connections are refused, and the process ends with 0.",
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
