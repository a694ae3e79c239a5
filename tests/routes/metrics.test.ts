import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { ask, config, respond, scrape, send } from "../metrics/scenario.ts";
import { startGateway, until } from "../support/gateway.ts";
import { completion, sendJson, startUpstream } from "../support/upstream.ts";

test("requests under way, reloads, build and process", async () => {
  let goOn = (): void => {};
  const upstream = await startUpstream(async (_received, response) => {
    await new Promise<void>((resolve) => {
      goOn = resolve;
    });
    sendJson(response, completion("ok"));
  });
  const gateway = await startGateway(config(upstream.url));
  const underWay = gateway.post(ask("bare"));
  await until(() => upstream.received.length === 1);
  expect(await gateway.metric("crossover_inflight_requests")).toBe(1);
  goOn();
  await (await underWay).text();
  expect(await gateway.metric("crossover_inflight_requests")).toBe(0);
  const text = await scrape(gateway);
  expect(text).toContain(
    `crossover_build_info{version="${manifest.version}",runtime="node ${process.versions.node}"} 1`,
  );
  for (const result of ["success", "failure"])
    expect(text).toContain(`crossover_config_reloads_total{result="${result}"} 0`);
  expect(text).toMatch(/^process_cpu_seconds_total /m);
});

test("a thousand junk models, users, metadata, headers, paths and methods add no series", async () => {
  const upstream = await startUpstream(respond);
  const gateway = await startGateway(config(upstream.url));
  const junk = async (n: number): Promise<void> => {
    const name = `junk-${n}-${"x".repeat(Math.abs(n) % 50)}`;
    const user = { user: name, metadata: { [name]: name } };
    await Promise.all([
      send(gateway, ask(name, user)),
      send(gateway, ask("moving", user), { "x-junk": name }),
      fetch(`${gateway.url}/v1/${name}`).then((answer) => answer.text()),
      fetch(`${gateway.url}/v1/chat/completions?${name}`, { method: `X${n}` }).then((answer) =>
        answer.text(),
      ),
    ]);
  };
  const series = async (): Promise<number> =>
    (await scrape(gateway)).split("\n").filter((line) => line.startsWith("crossover_")).length;
  // Until each kind of series is there: both sides of the rollout, and what has no route.
  const sides = () =>
    Promise.all(
      ["prompted", "tuned"].map((variant) => gateway.metric("crossover_requests_total", { variant })),
    );
  for (let n = 1; (await sides()).includes(0); n++) await junk(-n);
  const before = await series();
  const size = (await scrape(gateway)).length;
  for (let n = 0; n < 1000; n += 50) await Promise.all(Array.from({ length: 50 }, (_, i) => junk(n + i)));
  expect(await series()).toBe(before);
  expect(await gateway.metric("crossover_requests_total", { status: "404" })).toBeGreaterThanOrEqual(1000);
  const text = await scrape(gateway);
  expect(text).not.toContain("junk");
  // Numbers grow by digits, and nothing else does.
  expect(text.length).toBeLessThan(size * 1.2);
});

test("metricsToken closes the door to those without it", async () => {
  const gateway = await startGateway({
    ...config("http://127.0.0.1:9"),
    server: { port: 0, metricsToken: "metrics-token-1" },
  });
  const status = async (authorization?: string): Promise<number> =>
    (await fetch(`${gateway.url}/metrics`, authorization === undefined ? {} : { headers: { authorization } }))
      .status;
  expect(await status()).toBe(401);
  expect(await status("Bearer wrong")).toBe(401);
  expect(await status("metrics-token-1")).toBe(401);
  expect(await status("Bearer metrics-token-1")).toBe(200);
});

describe("Prometheus' text format", () => {
  /** The metrics after some of everything. */
  const full = async (): Promise<Response> => {
    const upstream = await startUpstream(respond);
    const gateway = await startGateway(config(upstream.url));
    for (const model of ["enriched", "bare", "public", "fragile", "failing", "moving", "nothing"]) {
      await send(gateway, ask(model));
      await send(gateway, ask(model, { stream: true }));
    }
    return fetch(`${gateway.url}/metrics`);
  };

  test("every sample belongs to a metric with help and type, and counters end in _total", async () => {
    const answer = await full();
    expect(answer.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
    const types = new Map<string, string>();
    const helped = new Set<string>();
    for (const line of (await answer.text()).split("\n")) {
      const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
      if (kind === "HELP") helped.add(name);
      if (kind === "TYPE") types.set(name, rest);
      if (line === "" || line.startsWith("#")) continue;
      const sample = /^([a-z_][a-z0-9_]*)(\{.*\})? (NaN|[+-]?Inf|-?[\d.e+-]+)$/i.exec(line);
      expect(sample, line).not.toBeNull();
      const own = sample?.[1] ?? "";
      const base = types.has(own) ? own : own.replace(/_(bucket|sum|count)$/, "");
      expect([types.has(base), helped.has(base)], line).toEqual([true, true]);
      if (types.get(base) === "counter") expect(base).toMatch(/_total$/);
    }
  });

  test("promtool finds nothing to complain about", async () => {
    const input = await (await full()).text();
    const { error, status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], {
      input,
      encoding: "utf8",
    });
    if (error !== undefined) {
      expect(process.env["CI"], "CI must have promtool (Debian package prometheus)").toBeUndefined();
      console.warn("promtool is not installed: this ran without it");
      return;
    }
    expect([status, stdout, stderr]).toEqual([0, "", ""]);
  });
});
