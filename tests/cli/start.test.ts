import { execFile } from "node:child_process";
import { existsSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { stringify } from "yaml";
import { expectDrained } from "../platforms/drain.ts";
import { sampleOf, until } from "../support/gateway.ts";
import { nodes, projectNode, runCommand, startServing, temporaryFiles } from "./command.ts";

const SIMULATED = {
  providers: { up: { kind: "simulator" } },
  models: { base: { provider: "up", model: "x" } },
  variants: { plain: { model: "base" } },
  routes: { recipes: { rules: [{ use: "plain" }] } },
};

describe.each(nodes)("crossover start on %s", (_name, node) => {
  test("prints where it listens, its routes, and a curl line that works", async () => {
    const path = temporaryFiles({ "c.yaml": stringify(SIMULATED) })("c.yaml");
    const { child, url } = await startServing(node, path);
    const banner = await until(() => /^(.*\n)+Try it:\n.+\n/.exec(child.stdout())?.[0]);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(banner).toMatch(/routes +recipes\n/);
    expect(banner).toContain(path);
    const page = /page +(\S+\/admin)\n/.exec(banner)?.[1] ?? "";
    expect((await fetch(page)).headers.get("content-type")).toMatch(/^text\/html/);
    expect(banner).toMatch(/captures +requests and answers of all routes\. .*`capture: false`\n/);
    const answer = await runTryLine(/Try it:\n\s+(.+)\n/.exec(banner)?.[1] ?? "");
    expect(JSON.parse(answer).choices[0].message.content).toContain("Quick tomato soup");
  });

  test("SIGTERM lets a stream finish, then ends with 0", () =>
    expectDrained((config) => startServing(node, temporaryFiles({ "c.yaml": stringify(config) })("c.yaml"))));

  test("SIGHUP reloads the configuration, and keeps the old one when the new one is bad", async () => {
    const real = temporaryFiles({ "c.yaml": stringify(SIMULATED) })("c.yaml");
    // By a link from elsewhere, so that the file is not watched and the signal alone can have done it.
    const path = `${temporaryFiles({ other: "" })("other")}.yaml`;
    symlinkSync(real, path);
    const { child, url } = await startServing(node, path);
    const routes = async (): Promise<readonly string[]> =>
      (await (await fetch(`${url}/v1/models`)).json()).data.map((model: { id: string }) => model.id);
    const change = (config: unknown): void => {
      writeFileSync(real, stringify(config));
      child.process.kill("SIGHUP");
    };
    change({ ...SIMULATED, routes: { ...SIMULATED.routes, more: { rules: [{ use: "plain" }] } } });
    await until(async () => (await routes()).includes("more"));
    change({ ...SIMULATED, routes: { broken: {} } });
    const failures = async (): Promise<number> =>
      sampleOf(await (await fetch(`${url}/metrics`)).text(), "crossover_config_reloads_total", {
        result: "failure",
      });
    await until(async () => (await failures()) === 1);
    expect(await routes()).toEqual(["recipes", "more"]);
    expect(child.hasEnded()).toBe(false);
  });

  test("a port in use gives one plain line and ends with 1", async () => {
    const port = await occupiedPort();
    const path = temporaryFiles({ "c.yaml": stringify(SIMULATED) })("c.yaml");
    const { code, stdout, stderr } = await runCommand(node, ["start", "-c", path], {
      env: { PORT: String(port) },
    });
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(
      /^crossover start: port \d+ is in use: another Crossover may run there already\..*\n$/,
    );
  });

  test("a bad configuration is told with line and key and ends with 1", async () => {
    const path = temporaryFiles({ "c.yaml": "routes:\n  r:\n    rules: [{ use: nobody }]\n" })("c.yaml");
    const { code, stdout, stderr } = await runCommand(node, ["start", "-c", path], { env: { PORT: "0" } });
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(
      /^crossover start: .*\n {2}c\.yaml:3:\d+ routes\.r\.rules\[0\]\.use: .*nobody.*\n$/,
    );
  });
});

test("the curl line of a gateway with keys has a place for one", async () => {
  const secret = "client-key-of-the-test";
  const config = { ...SIMULATED, keys: { app: { secret } } };
  const path = temporaryFiles({ "c.yaml": stringify(config) })("c.yaml");
  const { child } = await startServing(projectNode, path);
  const line = await until(() => /Try it:\n\s+(.+)\n/.exec(child.stdout())?.[1]);
  expect(child.stdout()).not.toContain(secret);
  const answer = await runTryLine(line, { CROSSOVER_KEY: secret });
  expect(JSON.parse(answer).object).toBe("chat.completion");
});

test("SIGINT ends an idle gateway with 0", async () => {
  const path = temporaryFiles({ "c.yaml": stringify(SIMULATED) })("c.yaml");
  const { child } = await startServing(projectNode, path);
  child.process.kill("SIGINT");
  expect(await child.ended).toBe(0);
});

test("a gateway whose log nobody reads any more serves on", async () => {
  const path = temporaryFiles({ "c.yaml": stringify(SIMULATED) })("c.yaml");
  const { child, url } = await startServing(projectNode, path);
  child.process.stdout?.destroy();
  const body = JSON.stringify({ model: "recipes", messages: [{ role: "user", content: "Hi" }] });
  const headers = { "content-type": "application/json" };
  for (let request = 0; request < 3; request++)
    expect((await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body })).status).toBe(200);
  child.process.kill("SIGTERM");
  expect(await child.ended).toBe(0);
});

test("a change of the file is noticed without a signal", async () => {
  const path = temporaryFiles({ "c.yaml": stringify(SIMULATED) })("c.yaml");
  const { url } = await startServing(projectNode, path);
  writeFileSync(path, stringify({ ...SIMULATED, routes: { other: { rules: [{ use: "plain" }] } } }));
  await until(async () => (await fetch(`${url}/v1/models/other`)).ok);
});

test("without keys an open address is not listened on, and who asked for it is warned", async () => {
  const path = temporaryFiles({ "c.yaml": stringify(SIMULATED) })("c.yaml");
  const { child, url } = await startServing(projectNode, path, { HOST: "0.0.0.0" });
  await until(() => child.stdout().includes("Try it:"));
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(child.stdout()).toMatch(/\n {2}WARNING +there are no keys, so .*crossover keys create.*\n/);
  await until(() => child.stdout().includes('"level":"warn","message":"there are no keys, so '));
});

test("with keys an open address is listened on without a word", async () => {
  const config = { ...SIMULATED, keys: { app: { secret: "client-key-of-the-test" } } };
  const path = temporaryFiles({ "c.yaml": stringify(config) })("c.yaml");
  const { child, url } = await startServing(projectNode, path, { HOST: "0.0.0.0" });
  await until(() => child.stdout().includes("Try it:"));
  expect(url).toMatch(/^http:\/\/0\.0\.0\.0:\d+$/);
  expect(child.stdout()).not.toContain("WARNING");
});

test("created keys that can't be read give one plain line and end with 1", async () => {
  const path = temporaryFiles({ "c.yaml": stringify(SIMULATED), "keys.json": "{" });
  const { code, stdout, stderr } = await runCommand(projectNode, ["start", "-c", path("c.yaml")], {
    env: { PORT: "0", CROSSOVER_DATA_DIR: dirname(path("keys.json")) },
  });
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^crossover start: \/.*\/keys\.json can't be used: it is not valid JSON\..*\n$/);
});

/** Runs the line that `start` prints: in a shell where there is curl, else as the request that it stands for. */
async function runTryLine(line: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const parts =
    /^curl (\S+) -H 'content-type: application\/json'(?: -H "authorization: Bearer \$(\w+)")? -d '(.*)'$/.exec(
      line,
    );
  expect(parts, line).not.toBeNull();
  if (existsSync("/usr/bin/curl") || existsSync("/bin/curl")) {
    const run = await promisify(execFile)("sh", ["-c", line.replace(/^curl/, "curl -sS --fail-with-body")], {
      env: { PATH: process.env["PATH"] ?? "/usr/bin:/bin", ...env },
    });
    return run.stdout;
  }
  const [, url = "", variable, body = ""] = parts ?? [];
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (variable !== undefined) headers["authorization"] = `Bearer ${env[variable]}`;
  return (await fetch(url, { method: "POST", headers, body })).text();
}

function occupiedPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    onTestFinished(() => void server.close());
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") reject(new TypeError("no port"));
      else resolve(address.port);
    });
  });
}
