import { expect, test } from "vitest";
import { isSampled } from "../../src/captures/sampled.ts";
import { CaptureSink } from "../support/capture-sink.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, until } from "../support/gateway.ts";
import { sendJson, startUpstream } from "../support/upstream.ts";
import { ASK } from "./failing.ts";

const rules = { rules: [{ name: "all", use: "tuned" }] };
const SECRET = "client-key-0123456789";

async function startWith(more: Readonly<Record<string, unknown>>) {
  const upstream = await startUpstream();
  const sink = new CaptureSink();
  const gateway = await startGateway(twoPaths(upstream.url, more), { captureSink: sink });
  return { upstream, sink, gateway };
}

const ask = (model: string): Record<string, unknown> => ({ ...ASK, model });

test("a route that is off leaves nothing but usage; one that is on is captured also where the top is off", async () => {
  const { gateway, sink } = await startWith({
    capture: false,
    routes: { off: rules, on: { ...rules, capture: true } },
  });
  await gateway.post(ask("off"));
  await gateway.post(ask("on"));
  await until(() => sink.requests === 2);
  expect(sink.captures.map(({ route }) => route)).toEqual(["on"]);
  expect(await gateway.metric("crossover_captures_total", { outcome: "skipped" })).toBe(1);
});

test("a header opts out, in the words of a dry run; another word is refused and calls nobody", async () => {
  const { gateway, sink, upstream } = await startWith({});
  for (const yes of ["true", "1", "TRUE"]) await gateway.post(ASK, { "x-crossover-no-capture": yes });
  const kept = await gateway.post(ASK, { "x-crossover-no-capture": "false" });
  const refused = await gateway.post(ASK, { "x-crossover-no-capture": "maybe" });
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({
    error: { code: "invalid_value", param: "x-crossover-no-capture" },
  });
  await until(() => sink.requests === 4);
  expect(sink.captures.map(({ id }) => id)).toEqual([kept.headers.get("x-request-id")]);
  expect(upstream.received).toHaveLength(4);
});

test("a key of the configuration and a created one opt out", async () => {
  const { gateway, sink } = await startWith({
    server: { port: 0, adminToken: "admin-token-0123456789" },
    keys: { quiet: { secret: SECRET, capture: false }, loud: { secret: `${SECRET}-loud` } },
  });
  const created = await fetch(`${gateway.url}/admin/api/keys`, {
    method: "POST",
    headers: { authorization: "Bearer admin-token-0123456789", "content-type": "application/json" },
    body: JSON.stringify({ name: "made", capture: false }),
  });
  const made: { readonly secret: string; readonly capture: boolean } = await created.json();
  expect(made.capture).toBe(false);
  for (const secret of [SECRET, `${SECRET}-loud`, made.secret])
    expect((await gateway.post(ASK, { authorization: `Bearer ${secret}` })).status).toBe(200);
  await until(() => sink.requests === 3);
  expect(sink.captures.map(({ key }) => key)).toEqual(["loud"]);
});

test("what the sample leaves out keeps its facts, and its texts where it failed", async () => {
  const { gateway, sink, upstream } = await startWith({ capture: 0 });
  await gateway.post(ASK);
  upstream.respond((_received, response) => sendJson(response, { error: { message: "no" } }, 500));
  await gateway.post(ASK);
  const captures = await sink.all(2);
  expect(captures.map(({ outcome, content }) => [outcome, content?.query])).toEqual([
    ["success", undefined],
    ["server_error", "Hi"],
  ]);
});

test("errors: false keeps the texts of failures no more often than others", async () => {
  const { gateway, sink, upstream } = await startWith({ capture: { sample: 0, errors: false } });
  upstream.respond((_received, response) => sendJson(response, { error: { message: "no" } }, 500));
  await gateway.post(ASK);
  expect((await sink.all(1))[0]).toMatchObject({ outcome: "server_error", content: undefined });
});

test("feedback can keep the texts of a recent request that the sample left out", async () => {
  const { gateway, sink } = await startWith({ capture: 0 });
  const answer = await gateway.post(ASK);
  const id = String(answer.headers.get("x-request-id"));
  await sink.all(1);
  gateway.gateway.captures?.keepContent(id);
  gateway.gateway.captures?.keepContent(id);
  await gateway.gateway.flushCaptures();
  expect(sink.captures.map((capture) => [capture.id, capture.content?.answerText])).toEqual([
    [id, undefined],
    [id, "ok"],
  ]);
  expect(gateway.gateway.captures?.contentOf(id)).toBeUndefined();
});

test("the admin API tells what routes capture", async () => {
  const { gateway } = await startWith({
    server: { port: 0, adminToken: "admin-token-0123456789" },
    routes: { all: rules, some: { ...rules, capture: 0.25 }, none: { ...rules, capture: false } },
  });
  const answer = await fetch(`${gateway.url}/admin/api/config`, {
    headers: { authorization: "Bearer admin-token-0123456789" },
  });
  const { routes }: { readonly routes: readonly { name: string; capture: unknown }[] } = await answer.json();
  expect(routes.map(({ name, capture }) => [name, capture])).toEqual([
    ["all", { sample: 1, errors: true }],
    ["some", { sample: 0.25, errors: true }],
    ["none", false],
  ]);
});

test("a sample is the share that it says, and the same for the same request", () => {
  const ids = Array.from({ length: 20_000 }, (_, index) => `cx_${index}`);
  for (const share of [0, 0.01, 0.3, 0.9, 1]) {
    const sampled = ids.filter((id) => isSampled(id, share));
    expect(Math.abs(sampled.length / ids.length - share)).toBeLessThan(0.015);
    expect(ids.filter((id) => isSampled(id, share))).toEqual(sampled);
  }
});
