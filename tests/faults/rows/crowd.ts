import { setTimeout as sleep } from "node:timers/promises";
import { sampleOf } from "../../support/samples.ts";
import { until } from "../../support/until.ts";
import { ask, type Seen } from "../client.ts";
import { slugOf } from "../row.ts";
import type { ScenarioGroup } from "../scenario.ts";
import { answer, FIN, frame, HANG, PAUSE, RESET, type Script, streamHead } from "../script.ts";
import { errorJson, OK, OK_STREAM, ONE, ROLE } from "./payloads.ts";
import { ALL, ALL_JSON, askInTurn, openStreams } from "./streams.ts";

const CUT_STREAM: Script = [streamHead(), frame(ROLE + ONE), HANG];
const FAILING = answer(500, errorJson("engine_died", "server_error"));
const REFUSING = answer(400, errorJson("no", "invalid_request_error"));
const LIMITED = answer(429, errorJson("rate_limit_exceeded", "requests"));

const killed = { name: "the upstream is killed during 15 streams, and comes back" };
const waiting = { name: "10 clients meet a model that wants to be left alone for three seconds" };
const storm = { name: "a model that answers 429 to 60 clients" };
const broken = { name: "a model that fails 30 times, and then recovers" };

const closing = { name: "the upstream closes each connection after its answer, 10 times" };
const dead = { name: "a connection that was kept turns out to be dead" };
const outdone = { name: "a model fails each time, and its fallback answers, 8 times" };

const cached = {
  name: "a stream breaks, then an error comes, on a route with a cache",
  stream: true,
} as const;

const times = (count: number, one: () => Promise<Seen>): Promise<readonly Seen[]> =>
  Promise.all(Array.from({ length: count }, one));

export const crowd: ScenarioGroup = {
  title: "Many requests at once",
  scenarios: [
    {
      ...killed,
      upstream: [...Array.from({ length: 15 }, () => CUT_STREAM), OK],
      play: async (bench) => {
        const { ended } = await openStreams(bench, killed, 15);
        bench.upstream.kill();
        const cut = await ended;
        return { seen: [...cut, await ask(bench, killed)] };
      },
      sees: { '200 and "one ", then `upstream_stream_interrupted`': 15, [ALL_JSON]: 1 },
      counted: {
        'crossover_upstream_attempts_total{outcome="interrupted"}': 15,
        'crossover_upstream_attempts_total{outcome="success"}': 1,
        'crossover_requests_total{status="502"}': 15,
        'crossover_requests_total{status="200"}': 1,
      },
      kept: "What had come; each stream ends with the error. The next request is answered.",
    },
    {
      ...waiting,
      upstream: [answer(429, errorJson("rate_limit_exceeded", "requests"), { "retry-after": "3" }), OK],
      play: async (bench) => {
        const calls = (): number => bench.upstream.calls(slugOf(waiting)).length;
        const first = ask(bench, waiting);
        await until(() => bench.gateway.log().some(({ message }) => message === "attempt failed"));
        const others = times(10, () => ask(bench, waiting));
        await sleep(700);
        const early = calls() - 1;
        return { seen: [await first, ...(await others)], counts: { "calls within the first second": early } };
      },
      sees: { [ALL_JSON]: 11 },
      counted: {
        "calls within the first second": 0,
        'crossover_upstream_attempts_total{outcome="rate_limited"}': 1,
        'crossover_upstream_attempts_total{outcome="success"}': 11,
        crossover_retries_total: 1,
      },
      kept: "The answers; no call reaches the model before it wants to be asked again.",
    },
    {
      ...storm,
      upstream: [LIMITED],
      play: async (bench) => ({ seen: await times(60, () => ask(bench, storm)) }),
      sees: { "429 `rate_limit_exceeded`": 60 },
      counted: {
        'crossover_requests_total{status="429"}': 60,
        'crossover_upstream_attempts_total{outcome="rate_limited"}': { atMost: 72 },
        crossover_retries_total: { atMost: 12 },
      },
      kept: "Retries stay within a fifth of the traffic, so that a model in need is not buried under them.",
    },
    {
      ...broken,
      // 30 calls and 10 retries are the most before the circuit is open.
      upstream: [...Array.from({ length: 40 }, () => FAILING), OK],
      play: async (bench) => {
        const slug = slugOf(broken);
        // One after the other, so that how many calls there are does not hang on the machine.
        for (let i = 0; i < 30; i++) await ask(bench, broken);
        const before = bench.upstream.calls(slug).length;
        const seen = [await ask(bench, broken), await ask(bench, broken)];
        const whileOpen = bench.upstream.calls(slug).length - before;
        bench.upstream.script(slug, [OK]);
        const state = async (): Promise<number> =>
          sampleOf(await bench.gateway.metrics(), "crossover_circuit_state", { model: slug });
        const wait = Number(seen[1]?.headers.get("retry-after")) * 1000;
        await sleep(wait);
        const opened = await state();
        const probe = await ask(bench, broken);
        return {
          seen: [...seen, probe],
          counts: {
            "calls while open": whileOpen,
            "state while open": opened,
            "state at the end": await state(),
          },
        };
      },
      sees: { "503 `circuit_open`": 2, [ALL_JSON]: 1 },
      counted: { "calls while open": 0, "state while open": { atMost: 2 }, "state at the end": 0 },
      kept: "Time: while the circuit is open, clients hear so at once, with `retry-after`; one probe closes it.",
    },
    {
      ...closing,
      upstream: [[...OK, FIN]],
      play: async (bench) => ({ seen: await askInTurn(bench, closing, 10) }),
      sees: { [ALL_JSON]: 10 },
      counted: { 'crossover_upstream_attempts_total{outcome="success"}': 10, crossover_retries_total: 0 },
      kept: "The answers: no request is sent on a connection that is known to be closed.",
    },
    {
      ...dead,
      upstream: [OK, [RESET], OK],
      play: async (bench) => ({ seen: await askInTurn(bench, dead, 2) }),
      sees: { [ALL_JSON]: 2 },
      counted: {
        'crossover_upstream_attempts_total{outcome="interrupted"}': 1,
        'crossover_upstream_attempts_total{outcome="success"}': 2,
        crossover_retries_total: 1,
      },
      kept: "The answers: the second is asked for on a new connection.",
    },
    {
      ...outdone,
      upstream: [FAILING],
      fallback: [OK],
      play: async (bench) => {
        const seen = await askInTurn(bench, outdone, 8);
        return { seen, counts: { "calls of the first model": bench.upstream.calls(slugOf(outdone)).length } };
      },
      sees: { [ALL_JSON]: 8 },
      counted: { "calls of the first model": 5, 'crossover_upstream_attempts_total{outcome="success"}': 8 },
      kept: "The answers; after five in a row the model that fails is no longer waited for.",
    },
    {
      ...cached,
      cacheFor: 60,
      upstream: [[streamHead(), frame(ROLE + ONE), PAUSE, RESET], REFUSING, OK_STREAM, FAILING],
      play: async (bench) => ({ seen: await askInTurn(bench, cached, 4) }),
      sees: { '200 and "one ", then `upstream_stream_interrupted`': 1, "400 `no`": 1, [ALL]: 2 },
      counted: {
        'crossover_cache_lookups_total{result="hit"}': 1,
        'crossover_cache_lookups_total{result="miss"}': 3,
        'crossover_upstream_attempts_total{outcome="success"}': 1,
        'crossover_tokens_total{type="input"}': 10,
      },
      kept: "Neither a broken answer nor an error is given again; the good one is, and its tokens count once.",
    },
  ],
};
