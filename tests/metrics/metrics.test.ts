import { describe, expect, test } from "vitest";
import { twoPaths } from "../support/config.ts";
import { startGateway, until } from "../support/gateway.ts";
import { completion, sendJson, startStream, startUpstream, usageChunk } from "../support/upstream.ts";
import { ask, config, respond, scrape, send } from "./scenario.ts";

const PROMPTED = { route: "enriched", variant: "prompted", path: "enriched", model: "base", provider: "up" };
const TUNED = { route: "bare", variant: "tuned", path: "bare", model: "ft", provider: "up" };

describe("after a known set of requests", () => {
  test("requests, decisions and attempts are counted for both paths", async () => {
    const upstream = await startUpstream(respond);
    const gateway = await startGateway(config(upstream.url));
    for (const body of [
      ask("enriched"),
      ask("enriched", { stream: true }),
      ask("bare"),
      ask("bare", { stream: true }),
      ask("bare"),
    ])
      expect(await send(gateway, body)).toBe(200);
    const { metric } = gateway;
    expect(await metric("crossover_requests_total", { ...PROMPTED, status: "200" })).toBe(2);
    expect(await metric("crossover_requests_total", { ...TUNED, status: "200" })).toBe(3);
    expect(await metric("crossover_requests_total")).toBe(5);
    expect(
      await metric("crossover_decisions_total", {
        route: "enriched",
        rule: "all",
        variant: "prompted",
        path: "enriched",
      }),
    ).toBe(2);
    expect(
      await metric("crossover_decisions_total", {
        route: "bare",
        rule: "all",
        variant: "tuned",
        path: "bare",
      }),
    ).toBe(3);
    expect(await metric("crossover_upstream_attempts_total", { ...TUNED, outcome: "success" })).toBe(3);
    expect(await metric("crossover_request_duration_seconds_count", PROMPTED)).toBe(2);
    expect(await metric("crossover_overhead_seconds_count", TUNED)).toBe(3);
    expect(await metric("crossover_inflight_requests")).toBe(0);
  });

  test("time to first token is there for streams only", async () => {
    const upstream = await startUpstream(respond);
    const gateway = await startGateway(config(upstream.url));
    await send(gateway, ask("enriched"));
    expect(await gateway.metric("crossover_time_to_first_token_seconds_count")).toBe(0);
    await send(gateway, ask("enriched", { stream: true }));
    await send(gateway, ask("bare", { stream: true }));
    const count = (labels: Record<string, string>) =>
      gateway.metric("crossover_time_to_first_token_seconds_count", labels);
    expect([await count(PROMPTED), await count(TUNED)]).toEqual([1, 1]);
    const first = await gateway.metric("crossover_time_to_first_token_seconds_sum");
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThanOrEqual(await gateway.metric("crossover_request_duration_seconds_sum"));
  });

  test("a stream without content has no time to first token", async () => {
    const upstream = await startUpstream((_received, response) => {
      startStream(response);
      response.end(`${usageChunk()}data: [DONE]\n\n`);
    });
    const gateway = await startGateway(config(upstream.url));
    expect(await send(gateway, ask("bare", { stream: true }))).toBe(200);
    expect(await gateway.metric("crossover_time_to_first_token_seconds_count")).toBe(0);
  });

  test("the overhead leaves out the time that the upstream takes", async () => {
    let held = 0;
    const upstream = await startUpstream(async (_received, response) => {
      const since = performance.now();
      await until(async () => performance.now() - since > 30);
      held = performance.now() - since;
      sendJson(response, completion("ok"));
    });
    const gateway = await startGateway(config(upstream.url));
    await send(gateway, ask("bare"));
    const duration = await gateway.metric("crossover_request_duration_seconds_sum", TUNED);
    const overhead = await gateway.metric("crossover_overhead_seconds_sum", TUNED);
    expect(duration).toBeGreaterThanOrEqual(held / 1000);
    expect(overhead).toBeGreaterThan(0);
    expect(overhead).toBeLessThanOrEqual(duration - held / 1000);
  });

  test("tokens are counted by type, cached ones as a part of the input, streamed or not", async () => {
    const upstream = await startUpstream(respond);
    const gateway = await startGateway(config(upstream.url));
    const tokens = (labels: Record<string, string>, type: string) =>
      gateway.metric("crossover_tokens_total", { ...labels, type });
    await send(gateway, ask("enriched"));
    await send(gateway, ask("enriched", { stream: true }));
    // The stream's usage chunk says 10 and 5.
    expect(await tokens(PROMPTED, "input")).toBe(1010);
    expect(await tokens(PROMPTED, "cached_input")).toBe(400);
    expect(await tokens(PROMPTED, "output")).toBe(205);
    expect(await tokens(TUNED, "input")).toBe(0);
  });

  test("cost follows the configured prices, cached input included, and else the public table", async () => {
    const upstream = await startUpstream(respond);
    const gateway = await startGateway(config(upstream.url));
    for (const model of ["enriched", "bare", "public"]) await send(gateway, ask(model));
    const cost = (labels: Record<string, string>) => gateway.metric("crossover_cost_usd_total", labels);
    expect(await cost(PROMPTED)).toBeCloseTo((600 * 1 + 400 * 0.25 + 200 * 2) / 1e6, 12);
    // No price for cached input: it costs what input costs.
    expect(await cost(TUNED)).toBeCloseTo((1000 * 3 + 200 * 6) / 1e6, 12);
    // OpenAI lists gpt-4.1-mini at 0.40, 0.10 cached and 1.60.
    expect(await cost({ route: "public" })).toBeCloseTo((600 * 0.4 + 400 * 0.1 + 200 * 1.6) / 1e6, 12);
  });

  test("a model without any price costs nothing, and is not there", async () => {
    const upstream = await startUpstream();
    const models = { base: { provider: "up", model: "unheard-of" }, ft: { provider: "up", model: "x" } };
    const gateway = await startGateway(twoPaths(upstream.url, { models }));
    await send(gateway, ask("bare"));
    expect(await scrape(gateway)).not.toMatch(/^crossover_cost_usd_total\{/m);
    expect(await gateway.metric("crossover_tokens_total", { type: "output" })).toBe(5);
  });

  test("enrichment tokens are counted on the enriched path only, as explained", async () => {
    const upstream = await startUpstream(respond);
    const gateway = await startGateway(config(upstream.url));
    for (const body of [ask("enriched"), ask("enriched", { stream: true }), ask("bare")])
      await send(gateway, body);
    const explained = await (await gateway.post(ask("enriched"), { "x-crossover-dry-run": "true" })).json();
    expect(explained.enrichment_tokens).toBeGreaterThan(0);
    const added = (labels: Record<string, string>) =>
      gateway.metric("crossover_enrichment_tokens_total", labels);
    expect(await added(PROMPTED)).toBe(2 * explained.enrichment_tokens);
    expect(await added({ path: "bare" })).toBe(0);
  });

  test("fallbacks, rollouts and conditions that fail are counted", async () => {
    const upstream = await startUpstream(respond);
    const gateway = await startGateway(config(upstream.url));
    const { metric } = gateway;
    expect(await send(gateway, ask("fragile"))).toBe(200);
    expect(
      await metric("crossover_fallbacks_total", { route: "fragile", from: "fragile", to: "tuned" }),
    ).toBe(1);
    expect(
      await metric("crossover_upstream_attempts_total", { variant: "fragile", outcome: "server_error" }),
    ).toBe(1);
    expect(
      await metric("crossover_upstream_attempts_total", {
        route: "fragile",
        variant: "tuned",
        outcome: "success",
      }),
    ).toBe(1);
    expect(
      await metric("crossover_requests_total", { route: "fragile", variant: "tuned", status: "200" }),
    ).toBe(1);

    expect(await send(gateway, ask("failing"))).toBe(200);
    expect(await send(gateway, ask("failing", { metadata: { tier: "vip" } }))).toBe(200);
    expect(await metric("crossover_condition_errors_total", { route: "failing", rule: "vip" })).toBe(1);
    expect(await metric("crossover_condition_errors_total")).toBe(1);

    expect(await metric("crossover_rollout_weight_percent", { rollout: "move" })).toBe(25);
    expect(await metric("crossover_rollout_state", { rollout: "move", state: "none" })).toBe(1);
  });

  test("errors are counted with the status that the client got", async () => {
    const upstream = await startUpstream((_received, response) =>
      sendJson(response, { error: { message: "no", type: "invalid_request_error" } }, 422),
    );
    const gateway = await startGateway(config(upstream.url));
    expect(await send(gateway, "{")).toBe(400);
    expect(await send(gateway, ask("nothing"))).toBe(404);
    expect(await send(gateway, ask("bare"))).toBe(422);
    const none = { route: "none", variant: "none", path: "none", model: "none", provider: "none" };
    expect(await gateway.metric("crossover_requests_total", { ...none, status: "400" })).toBe(1);
    expect(await gateway.metric("crossover_requests_total", { ...none, status: "404" })).toBe(1);
    expect(await gateway.metric("crossover_requests_total", { ...TUNED, status: "422" })).toBe(1);
    expect(await gateway.metric("crossover_upstream_attempts_total", { outcome: "client_error" })).toBe(1);
    expect(await gateway.metric("crossover_inflight_requests")).toBe(0);
  });

  test("a dry run decides nothing, calls nobody and is no request served", async () => {
    const upstream = await startUpstream(respond);
    const gateway = await startGateway(config(upstream.url));
    await send(gateway, ask("enriched"), { "x-crossover-dry-run": "true" });
    for (const name of [
      "requests_total",
      "request_duration_seconds_count",
      "decisions_total",
      "upstream_attempts_total",
      "enrichment_tokens_total",
      "overhead_seconds_count",
      "inflight_requests",
    ])
      expect(await gateway.metric(`crossover_${name}`)).toBe(0);
  });
});
