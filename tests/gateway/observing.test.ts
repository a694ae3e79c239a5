import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { observationsIn } from "../../src/rollouts/log-entry.ts";
import type { Observation } from "../../src/rollouts/observation.ts";
import { unitIn } from "../../src/routing/choose.ts";
import { twoPaths } from "../support/config.ts";
import { until } from "../support/gateway.ts";
import { type StoredGateway, startStored } from "../support/stored-gateway.ts";
import {
  chunk,
  completion,
  DONE,
  type Respond,
  sendJson,
  startStream,
  startUpstream,
  usageChunk,
} from "../support/upstream.ts";

const ASK = { model: "ask", messages: [{ role: "user", content: "How are you?" }], user: "ann" };

interface Observed extends StoredGateway {
  readonly run: string;
  /** What is in the run's log, once it is so many. */
  seen(count: number): Promise<readonly Observation[]>;
}

/** A gateway with a rollout that has begun, on the route `ask`. @param percent of the candidate */
async function observed(
  respond: Respond,
  {
    percent = 50,
    route = {},
    more = {},
  }: {
    readonly percent?: number;
    readonly route?: Readonly<Record<string, unknown>>;
    readonly more?: Readonly<Record<string, unknown>>;
  } = {},
): Promise<Observed> {
  const upstream = await startUpstream(respond);
  const rules = [{ name: "move", use: { rollout: "move" } }];
  const stored = await startStored(
    twoPaths(upstream.url, {
      rollouts: { move: { control: "prompted", candidate: "tuned", stages: [percent] } },
      routes: { ask: { rules, ...route } },
      ...more,
    }),
  );
  const { gateway, store } = stored;
  const begun = await gateway.rollouts?.control.start("move", { by: "ann" });
  const run = begun?.run?.id ?? "";
  return {
    ...stored,
    run,
    seen: (count) =>
      until(async () => {
        const { entries } = await store.observations(run, 0);
        const all = entries.flatMap(({ document }) => observationsIn(document));
        expect(all.length).toBeLessThanOrEqual(count);
        return all.length === count ? all : undefined;
      }),
  };
}

const well: Respond = (_received, response) => sendJson(response, completion("fine"));
const saying =
  (choice: Readonly<Record<string, unknown>>): Respond =>
  (_received, response) =>
    sendJson(response, { ...completion(""), choices: [{ index: 0, ...choice }] });

async function sent({ gateway }: Observed, more: Readonly<Record<string, unknown>> = {}): Promise<Response> {
  const response = await gateway.post({ ...ASK, ...more });
  await response.arrayBuffer();
  return response;
}

test("two calls beside each other take the time that the client waited, and not that of both", async () => {
  let calls = 0;
  const one = await observed(
    (received, response) => {
      if (++calls === 2) setTimeout(() => well(received, response), 300);
    },
    {
      more: {
        variants: {
          prompted: { model: "base", prompt: "helper", hedge: 0.02 },
          tuned: { model: "ft", hedge: 0.02 },
        },
      },
    },
  );
  const beganAt = performance.now();
  await sent(one);
  const waitedMs = performance.now() - beganAt;
  const [observation] = await one.seen(1);
  const latencyMs = observation?.kind === "request" ? observation.latencyMs : undefined;
  expect(latencyMs).toBeGreaterThan(250);
  expect(latencyMs).toBeLessThanOrEqual(Math.ceil(waitedMs));
});

test("an answer is told with its side, its key's number, its share and what it cost", async () => {
  const one = await observed(well);
  const response = await sent(one, { max_tokens: 100 });
  const unit = unitIn("move", "ann");
  const side = unit < 0.5 ? "candidate" : "control";
  expect(response.headers.get("x-crossover-variant")).toBe(side === "candidate" ? "tuned" : "prompted");
  const [input, output] = side === "candidate" ? [3, 6] : [1, 2];
  const [observation] = await one.seen(1);
  expect(observation).toMatchObject({
    kind: "request",
    unit,
    side,
    share: 0.5,
    stage: 0,
    epoch: 0,
    error: false,
    invalid: false,
    costUsd: (10 * input + 5 * output) / 1e6,
  });
  expect(observation).toHaveProperty("latencyMs", expect.any(Number));
  expect(observation).not.toHaveProperty("firstTokenMs");
});

test("a stream is told with its first token; one that was cut off can't be used", async () => {
  const one = await observed((_received, response) => {
    startStream(response);
    for (const event of [chunk({ content: "half" }), chunk({}, "length"), usageChunk(), DONE])
      response.write(event);
    response.end();
  });
  await sent(one, { stream: true });
  const [observation] = await one.seen(1);
  expect(observation).toMatchObject({ error: false, invalid: true });
  expect(observation).toHaveProperty("firstTokenMs", expect.any(Number));
});

const SCHEMA = {
  type: "json_schema",
  json_schema: {
    name: "mood",
    schema: { type: "object", properties: { mood: { type: "string" } }, required: ["mood"] },
  },
};

test.each([
  ["that is refused", { message: { role: "assistant", content: null, refusal: "No." } }, {}, true],
  ["that is empty", { message: { role: "assistant", content: " " } }, {}, true],
  [
    "that is filtered",
    { message: { role: "assistant", content: "a" }, finish_reason: "content_filter" },
    {},
    true,
  ],
  [
    "against its schema",
    { message: { role: "assistant", content: "{}" } },
    { response_format: SCHEMA },
    true,
  ],
  [
    "by its schema",
    { message: { role: "assistant", content: '{"mood":"good"}' } },
    { response_format: SCHEMA },
    false,
  ],
  [
    "that calls a tool",
    {
      message: {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "1", type: "function", function: { name: "f", arguments: "{}" } }],
      },
    },
    {},
    false,
  ],
])("whether an answer %s can be used is told", async (_name, choice, ask, invalid) => {
  const one = await observed(saying(choice));
  await sent(one, ask);
  expect(await one.seen(1)).toMatchObject([{ error: false, invalid }]);
});

describe("an error is told", () => {
  test.each([500, 429, 400])("for a model's %i", async (status) => {
    const one = await observed((_received, response) =>
      sendJson(response, { error: { message: "no", type: "invalid_request_error" } }, status),
    );
    await sent(one);
    const [observation] = await one.seen(1);
    expect(observation).toMatchObject({ error: true });
    expect(observation).not.toHaveProperty("invalid");
    expect(observation).not.toHaveProperty("latencyMs");
  });

  test("of the decided side, when a fallback had to answer", async () => {
    const upstream = ({ body }: { readonly body: Record<string, unknown> }) => body["model"];
    const one = await observed(
      (received, response) =>
        upstream(received) === "base-model-tuned"
          ? sendJson(response, { error: { message: "no" } }, 500)
          : sendJson(response, completion("fine")),
      {
        percent: 99.9,
        more: { variants: { prompted: { model: "base" }, tuned: { model: "ft", fallback: ["prompted"] } } },
      },
    );
    expect((await sent(one)).status).toBe(200);
    expect(await one.seen(1)).toMatchObject([{ side: "candidate", error: true }]);
  });

  test("for an answer that broke off", async () => {
    const one = await observed((_received, response) => {
      startStream(response);
      response.write(chunk({ content: "half" }), () => response.destroy());
    });
    await sent(one, { stream: true });
    expect(await one.seen(1)).toMatchObject([{ error: true }]);
  });
});

describe("a model that is left alone, as it had failed before the run", () => {
  const failing: Respond = (_received, response) => sendJson(response, { error: { message: "no" } }, 500);
  const errorsOf = (all: readonly Observation[]): number =>
    all.filter((one) => one.kind === "request" && one.error).length;

  /** A rollout that begins while the circuit of its candidate is open. @param wait until it is called again, in seconds */
  async function afterOutage(wait: number) {
    let calls = 0;
    const one = await observed(
      (received, response) => {
        calls++;
        failing(received, response);
      },
      { percent: 99.9, more: { breaker: { requests: 2, wait, maxWait: wait } } },
    );
    const { gateway, store } = one;
    await gateway.rollouts?.control.rollback("move", { by: "ann" });
    for (let i = 0; i < 4; i++)
      await (await gateway.post(ASK, { "x-crossover-variant": "tuned" })).arrayBuffer();
    const before = calls;
    const begun = await gateway.rollouts?.control.start("move", { by: "ann" });
    const run = begun?.run?.id ?? "";
    const seen = async () => {
      const { entries } = await store.observations(run, 0);
      return entries.flatMap(({ document }) => observationsIn(document));
    };
    return { one, seen, called: () => calls - before };
  }

  test("counts for the shares alone until it is called", async () => {
    const { one, seen, called } = await afterOutage(30);
    for (let i = 0; i < 8; i++) {
      const answer = await one.gateway.post(ASK);
      expect((await answer.json()).error.code).toBe("circuit_open");
    }
    const all = await until(async () => ((await seen()).length === 8 ? seen() : undefined));
    expect([called(), errorsOf(all)]).toEqual([0, 0]);
    expect(all[0]).toMatchObject({ kind: "request", side: "candidate", censored: true });
    for (const unknown of ["invalid", "latencyMs", "costUsd"]) expect(all[0]).not.toHaveProperty(unknown);
    expect(await one.gateway.rollouts?.control.view("move")).toMatchObject({ run: { state: "running" } });
  });

  test("counts as failing once the run itself has called it in vain", async () => {
    const { one, seen, called } = await afterOutage(0.1);
    await until(async () => {
      await sent(one);
      return errorsOf(await seen()) > called();
    });
    expect(called()).toBeGreaterThan(0);
  });
});

test("nothing is told of requests to other variants than those with which the run began", async () => {
  const one = await observed(well, { percent: 0.1 });
  const { gateway } = one;
  const before = readFileSync(gateway.configPath, "utf8");
  gateway.write(before.replaceAll("You are a helper.", "You are of no help."));
  await gateway.reload();
  const id = (await sent(one)).headers.get("x-request-id") ?? "";
  gateway.write(before);
  await gateway.reload();
  const given = await fetch(`${gateway.url}/v1/feedback`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ request_id: id, name: "thumbs", value: false }),
  });
  expect(given.status).toBe(201);
  await sent(one, { max_tokens: 7 });
  expect(await one.seen(1)).toMatchObject([{ kind: "request" }]);
});

test("a client that left is no error, and how long it waited is told", async () => {
  const one = await observed(() => {});
  const leaving = new AbortController();
  const asked = fetch(`${one.gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(ASK),
    signal: leaving.signal,
  }).catch(() => {});
  await until(async () => (await one.gateway.metric("crossover_inflight_requests")) === 1);
  leaving.abort();
  await asked;
  const [observation] = await one.seen(1);
  expect(observation).toMatchObject({ error: false, censored: true });
  expect(observation).toHaveProperty("latencyMs", expect.any(Number));
  expect(observation).not.toHaveProperty("invalid");
});

test("nothing is told of what the gateway answers by itself, or decided on otherwise", async () => {
  const one = await observed(well, {
    route: { cache: { ttl: 60 }, limits: { requestsPerMinute: 3 } },
  });
  await sent(one);
  expect((await sent(one)).status).toBe(200); // from the cache
  await (await one.gateway.post(ASK, { "x-crossover-dry-run": "true" })).arrayBuffer();
  const forced = await one.gateway.post({ ...ASK, seed: 1 }, { "x-crossover-variant": "tuned" });
  expect(forced.status).toBe(200);
  expect((await sent(one, { seed: 2 })).status).toBe(429);
  await one.gateway.rollouts?.control.pause("move", { by: "ann" });
  expect(await one.seen(1)).toHaveLength(1);
});

test("nothing is told of a run that has ended", async () => {
  const one = await observed(well);
  const control = one.gateway.rollouts?.control;
  await control?.promote("move", { by: "ann" });
  await sent(one);
  await control?.rollback("move", { by: "ann" });
  await sent(one);
  await control?.start("move", { by: "ann" });
  await sent(one);
  const logged = () => one.gateway.metric("crossover_rollout_observations_total", { outcome: "logged" });
  await until(async () => (await logged()) === 1);
  expect(await one.seen(0)).toEqual([]);
});

test("a number or a yes or no is told when it is the first of its name; no text is", async () => {
  const one = await observed(well);
  const id = (await sent(one)).headers.get("x-request-id") ?? "";
  const [request] = await one.seen(1);
  const give = async (name: string, value: unknown) => {
    const given = await fetch(`${one.gateway.url}/v1/feedback`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ request_id: id, name, value }),
    });
    expect(given.status).toBe(201);
  };
  await give("thumbs", true);
  await give("thumbs", false);
  await give("label", "good");
  await give("score", 0.25);
  const [, ...feedback] = await one.seen(3);
  const { unit, side, share, stage, epoch } = {
    unit: undefined,
    side: "",
    share: 0,
    stage: 0,
    epoch: 0,
    ...request,
  };
  const assigned = { kind: "feedback", unit, side, share, stage, epoch };
  expect(feedback).toEqual([
    { ...assigned, feedback: "thumbs", value: 1 },
    { ...assigned, feedback: "score", value: 0.25 },
  ]);
});
