import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { stringify } from "yaml";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway, until } from "../support/gateway.ts";
import { completion, sendJson, startUpstream } from "../support/upstream.ts";

/** The two paths, with a prompt of this system message and fallback from the bare path to the enriched. */
function configured(upstreamUrl: string, system: string, more: Readonly<Record<string, unknown>> = {}) {
  return twoPaths(upstreamUrl, {
    prompts: { helper: { system } },
    variants: {
      prompted: { model: "base", prompt: "helper" },
      tuned: { model: "ft", fallback: ["prompted"] },
    },
    ...more,
  });
}

const ask = (model: string) => ({ model, messages: [{ role: "user", content: "Why?" }] });

const routesOf = async ({ url }: TestGateway): Promise<readonly string[]> =>
  (await (await fetch(`${url}/v1/models`)).json()).data.map((model: { id: string }) => model.id);

const reloads = (gateway: TestGateway, result: "success" | "failure"): Promise<number> =>
  gateway.metric("crossover_config_reloads_total", { result });

const ready = async ({ url }: TestGateway): Promise<unknown> => {
  const answer = await fetch(`${url}/health/ready`);
  return [answer.status, await answer.json()];
};

const onlyRoute = (name: string) => ({ routes: { [name]: { rules: [{ name: "all", use: "prompted" }] } } });

describe("the watched file", () => {
  test("a change brings the new table into force", async () => {
    const upstream = await startUpstream();
    const gateway = await startGateway(configured(upstream.url, "Old"), { watch: true });
    gateway.write(configured(upstream.url, "New", onlyRoute("other")));
    await until(async () => (await routesOf(gateway)).includes("other"));
    expect(await routesOf(gateway)).toEqual(["other"]);
    expect((await gateway.post(ask("bare"))).status).toBe(404);
    await (await gateway.post(ask("other"))).json();
    expect(upstream.received.at(-1)?.body["messages"]).toContainEqual({ role: "system", content: "New" });
    expect([await reloads(gateway, "success"), await reloads(gateway, "failure")]).toEqual([1, 0]);
    expect(gateway.logs.filter((line) => line.message === "configuration reloaded")).toHaveLength(1);
  });

  test("a request under way finishes on the table with which it began, its fallback too", async () => {
    const upstream = await startUpstream();
    let goOn = (): void => {};
    upstream.respond(async (received, response) => {
      if (received.body["model"] === "base-model") return sendJson(response, completion("from the fallback"));
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      sendJson(response, { error: { message: "broken", type: "server_error" } }, 500);
    });
    const gateway = await startGateway(configured(upstream.url, "Old"), { watch: true });
    const underWay = gateway.post(ask("bare"));
    await until(() => upstream.received.length === 1);
    gateway.write(configured(upstream.url, "New"));
    await until(async () => (await reloads(gateway, "success")) === 1);
    // A new request sees the new table while the old one is still open.
    expect((await gateway.post(ask("enriched"))).status).toBe(200);
    expect(upstream.received[1]?.body["messages"]).toContainEqual({ role: "system", content: "New" });
    goOn();
    const answer = await underWay;
    expect([answer.status, answer.headers.get("x-crossover-variant")]).toEqual([200, "prompted"]);
    expect((await answer.json()).choices[0].message.content).toBe("from the fallback");
    expect(upstream.received[2]?.body["messages"]).toContainEqual({ role: "system", content: "Old" });
  });

  test("a file put in the old one's place by a rename is noticed, more than once", async () => {
    const gateway = await startGateway(configured("http://127.0.0.1:9", "Old"), { watch: true });
    for (const name of ["first", "second"]) {
      const next = join(dirname(gateway.configPath), "next");
      writeFileSync(next, stringify(configured("http://127.0.0.1:9", "New", onlyRoute(name))));
      renameSync(next, gateway.configPath);
      await until(async () => (await routesOf(gateway)).includes(name));
    }
    expect(await reloads(gateway, "success")).toBe(2);
  });

  test.each([
    ["half-written", (path: string) => writeFileSync(path, "providers:\n  up: { kind: openai-comp")],
    ["invalid", (path: string) => writeFileSync(path, "routes: { enriched: { rules: [{ use: nobody }] } }")],
    ["not YAML at all", (path: string) => writeFileSync(path, Buffer.from([0, 0xff, 0xfe, 0x80]))],
    ["empty", (path: string) => writeFileSync(path, "")],
    [
      "valid, but cut short before its routes",
      (path: string) => writeFileSync(path, "server: { port: 0 }\n"),
    ],
    ["huge", (path: string) => truncateSync(path, 200 * 1024 * 1024)],
    ["missing", (path: string) => rmSync(path)],
  ])("%s: a spoilt file leaves the old table in force until it is mended", async (_what, spoil) => {
    const upstream = await startUpstream();
    const good = configured(upstream.url, "Old");
    const gateway = await startGateway(good, { watch: true });
    const version = gateway.gateway.table.version;
    expect(await ready(gateway)).toEqual([200, { status: "ready", config: "current", store: "off" }]);

    spoil(gateway.configPath);
    await until(async () => (await reloads(gateway, "failure")) === 1);
    expect(await ready(gateway)).toEqual([200, { status: "ready", config: "stale", store: "off" }]);
    expect(gateway.gateway.table.version).toBe(version);
    expect((await gateway.post(ask("enriched"))).status).toBe(200);
    const told = gateway.logs.filter((line) => line.level === "error");
    expect(told).toHaveLength(1);
    expect(told[0]?.message).toContain("the old one stays in force");
    expect(String(told[0]?.fields["problem"]).length).toBeLessThan(2_000);

    gateway.write(good);
    await until(async () => JSON.stringify(await ready(gateway)).includes("current"));
    expect([await reloads(gateway, "success"), await reloads(gateway, "failure")]).toEqual([1, 1]);
    expect((await gateway.post(ask("enriched"))).status).toBe(200);
  });

  test("a change of a JSONL file of examples gives the prompt a new version", async () => {
    const upstream = await startUpstream();
    const line = (user: string): string => `${JSON.stringify({ user, assistant: "Yes." })}\n`;
    const config = configured(upstream.url, "", { prompts: { helper: { examples: "examples.jsonl" } } });
    const gateway = await startGateway(config, { watch: true, files: { "examples.jsonl": line("First?") } });
    const before = gateway.gateway.table.prompts.get("helper")?.version;
    writeFileSync(join(dirname(gateway.configPath), "examples.jsonl"), line("First?") + line("Second?"));
    await until(async () => (await reloads(gateway, "success")) === 1);
    expect(gateway.gateway.table.prompts.get("helper")?.version).not.toBe(before);
    await (await gateway.post(ask("enriched"))).json();
    expect(upstream.received[0]?.body["messages"]).toContainEqual({ role: "user", content: "Second?" });
  });

  test("a folder that is never quiet holds up no change, and its other files start none", async () => {
    const gateway = await startGateway(configured("http://127.0.0.1:9", "Old"), { watch: true });
    const log = join(dirname(gateway.configPath), "gateway.log");
    const noise = setInterval(() => writeFileSync(log, "line\n", { flag: "a" }), 10);
    onTestFinished(() => clearInterval(noise));
    gateway.write(configured("http://127.0.0.1:9", "Old", onlyRoute("other")));
    await until(async () => (await routesOf(gateway)).includes("other"));
    writeFileSync(gateway.configPath, "routes: [");
    await until(async () => (await reloads(gateway, "failure")) === 1);
    const { length } = gateway.logs;
    const written = statSync(log).size;
    await until(() => statSync(log).size > written + 200);
    expect([await reloads(gateway, "failure"), gateway.logs.length]).toEqual([1, length]);
  });

  test("a folder that is removed and made anew is watched on", async () => {
    const gateway = await startGateway(configured("http://127.0.0.1:9", "Old"), { watch: true });
    const folder = dirname(gateway.configPath);
    for (const name of ["one", "two"]) {
      rmSync(folder, { recursive: true });
      mkdirSync(folder);
      gateway.write(configured("http://127.0.0.1:9", "Old", onlyRoute(name)));
      await until(async () => (await routesOf(gateway)).includes(name));
    }
    gateway.write(configured("http://127.0.0.1:9", "Old", onlyRoute("three")));
    await until(async () => (await routesOf(gateway)).includes("three"));
  });

  test("a folder that can't be looked at for a while ends nothing, and is watched on", async () => {
    const gateway = await startGateway(configured("http://127.0.0.1:9", "Old"), { watch: true });
    const folder = dirname(gateway.configPath);
    const moved = `${folder}-moved`;
    renameSync(folder, moved);
    symlinkSync(folder, folder); // a link that leads to itself
    await until(async () => (await reloads(gateway, "failure")) >= 1);
    rmSync(folder);
    renameSync(moved, folder);
    await until(async () => JSON.stringify(await ready(gateway)).includes("current"));
    gateway.write(configured("http://127.0.0.1:9", "Old", onlyRoute("other")));
    await until(async () => (await routesOf(gateway)).includes("other"));
  });

  test("included files are watched, also in a folder that came with a reload", async () => {
    const folder = mkdtempSync(join(tmpdir(), "crossover-more-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    mkdirSync(join(folder, "routes"));
    const include = (name: string): void =>
      writeFileSync(join(folder, "routes", "more.yaml"), stringify(onlyRoute(name)));
    include("one");
    const config = configured("http://127.0.0.1:9", "Old");
    const gateway = await startGateway(config, {
      watch: true,
      files: { "beside.yaml": stringify(onlyRoute("a")) },
    });

    gateway.write({ ...config, include: ["beside.yaml"] });
    await until(async () => (await routesOf(gateway)).includes("a"));
    writeFileSync(join(dirname(gateway.configPath), "beside.yaml"), stringify(onlyRoute("b")));
    await until(async () => (await routesOf(gateway)).includes("b"));

    gateway.write({ ...config, include: [`${join(folder, "routes")}/*.yaml`] });
    await until(async () => (await routesOf(gateway)).includes("one"));
    include("two");
    await until(async () => (await routesOf(gateway)).includes("two"));
    expect(await routesOf(gateway)).toEqual(["enriched", "bare", "two"]);
  });
});

describe("the admin API", () => {
  const reload = async ({ url }: TestGateway): Promise<readonly [number, Record<string, unknown>]> => {
    const answer = await fetch(`${url}/admin/api/config/reload`, { method: "POST" });
    return [answer.status, await answer.json()];
  };

  test("reload says whether another table is in force", async () => {
    const gateway = await startGateway(configured("http://127.0.0.1:9", "Old"));
    const version = gateway.gateway.table.version;
    expect(await reload(gateway)).toEqual([200, { object: "crossover.reload", changed: false, version }]);
    gateway.write(configured("http://127.0.0.1:9", "New"));
    const [status, body] = await reload(gateway);
    expect([status, body["changed"], body["version"]]).toEqual([200, true, gateway.gateway.table.version]);
    expect(body["version"]).not.toBe(version);
    expect(await reloads(gateway, "success")).toBe(2);
  });

  test("a bad configuration is refused with line and key, and without the path of its folder", async () => {
    const gateway = await startGateway(configured("http://127.0.0.1:9", "Old"));
    gateway.write("models: {}\nroutes:\n  enriched:\n    rules:\n      - use: nobody\n");
    const [status, body] = await reload(gateway);
    expect(status).toBe(422);
    expect(body).toEqual({
      error: {
        message: expect.stringMatching(/crossover\.yaml:5:\d+ routes\.enriched\.rules\[0\]\.use: .*nobody/),
        type: "invalid_request_error",
        param: "routes.enriched.rules[0].use",
        code: "invalid_config",
      },
    });
    expect(JSON.stringify(body)).not.toContain(dirname(gateway.configPath));
    expect(await routesOf(gateway)).toEqual(["enriched", "bare"]);
    expect(await reloads(gateway, "failure")).toBe(1);
    expect(await ready(gateway)).toEqual([200, { status: "ready", config: "stale", store: "off" }]);
  });

  test("GET /admin/api/config shows the table in force and whether it is stale, without a secret", async () => {
    const secret = "client-key-0123456789";
    const more = { server: { port: 0, metricsToken: "metrics-token-1" }, keys: { app: { secret } } };
    const gateway = await startGateway(configured("http://127.0.0.1:9", "Old", more));
    const get = async (): Promise<string> => (await fetch(`${gateway.url}/admin/api/config`)).text();
    const shown = JSON.parse(await get());
    expect(shown).toMatchObject({
      object: "crossover.config",
      version: gateway.gateway.table.version,
      stale: false,
      routes: [
        { name: "enriched", rules: [{ name: "all", when: null, use: "prompted" }] },
        { name: "bare", rules: [{ name: "all", when: null, use: "tuned" }] },
      ],
      variants: [
        { name: "prompted", path: "enriched", model: "base", provider: "up", upstream_model: "base-model" },
        { name: "tuned", path: "bare", fine_tuned: true, prompt: null, fallback: ["prompted"] },
      ],
    });
    for (const hidden of ["sk-upstream-secret-0001", secret, "metrics-token-1"])
      expect(await get()).not.toContain(hidden);
    gateway.write("{");
    await reload(gateway);
    expect(JSON.parse(await get())).toMatchObject({ version: shown.version, stale: true });
  });
});

test("a configuration that is bad from the start is refused, and nothing listens", async () => {
  await expect(startGateway("routes: { r: {} }")).rejects.toThrow(/crossover\.yaml:1:\d+ routes\.r/);
});
