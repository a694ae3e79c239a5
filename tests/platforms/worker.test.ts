import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { until } from "../support/gateway.ts";
import { type Child, startChild } from "./child.ts";
import { disconnects } from "./disconnects.ts";
import type { Running } from "./suite.ts";
import { surface } from "./surface.ts";

const root = join(import.meta.dirname, "../..");
const bin = join(root, "node_modules/.bin");
/** The Node that the project depends on comes first, as under npm. No account and no network are needed. */
const env = { CI: "1", WRANGLER_SEND_METRICS: "false", PATH: `${bin}:${process.env["PATH"] ?? ""}` };

surface("a Worker", (config) => startWorker(JSON.stringify(config)));

// wrangler's development proxy notices only at the next chunk that its client has left. workerd itself
// notices a reset connection at once, as Cloudflare's edge tells it; a closed one may be half-closed.
disconnects("workerd, resetting its connection", startWorkerd, (socket) => socket.resetAndDestroy());

describe("a Worker without an admin token", () => {
  let worker: Running;
  beforeAll(async () => {
    worker = await startWorker(undefined);
  });
  afterAll(() => worker.stop());

  test("keeps the admin API closed", async () => {
    const answer = await fetch(`${worker.url}/admin/api/config`);
    expect(answer.status).toBe(403);
    expect((await answer.json()).error.code).toBe("insufficient_permissions");
  });

  test("serves the bundled configuration by default", async () => {
    const { data } = await (await fetch(`${worker.url}/v1/models`)).json();
    expect(data.map((model: { id: string }) => model.id)).toEqual(["recipes", "translate"]);
    const answer = await fetch(`${worker.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "translate", messages: [{ role: "user", content: "Good morning" }] }),
    });
    expect([answer.status, answer.headers.get("x-simulated")]).toEqual([200, "true"]);
  });
});

describe("a Worker whose configuration is bad", () => {
  let worker: Running;
  beforeAll(async () => {
    worker = await startWorker(`{"routes": {"r": {"rules": [{"use": "nobody"}]}}}`);
  });
  afterAll(() => worker.stop());

  test("says so in an error of the usual shape, without detail", async () => {
    const answer = await fetch(`${worker.url}/v1/models`);
    expect(answer.status).toBe(500);
    const body = await answer.text();
    expect(JSON.parse(body).error).toMatchObject({ type: "server_error", code: "internal_error" });
    expect(body).not.toContain("nobody");
  });
});

/** `wrangler dev` with the repository's wrangler.toml. @param config the text of the configuration, on one line */
async function startWorker(config: string | undefined): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), "crossover-worker-"));
  const envFile = join(folder, "env");
  writeFileSync(envFile, config === undefined ? "" : `CROSSOVER_CONFIG_TEXT=${config}\n`);
  const address = ["--ip", "127.0.0.1", "--port", "0", "--inspector-port", "0"];
  const files = ["--env-file", envFile, "--persist-to", folder];
  return untilReady(
    startChild(join(bin, "wrangler"), ["dev", "--local", ...address, ...files], { cwd: root, env }),
    /Ready on http:\/\/127\.0\.0\.1:(\d+)/,
    folder,
  );
}

/** The Worker as wrangler bundles it, on workerd without wrangler, with the flags of wrangler.toml. */
async function startWorkerd(config: unknown): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), "crossover-workerd-"));
  const bundle = startChild(join(bin, "wrangler"), ["deploy", "--dry-run", "--outdir", folder], {
    cwd: root,
    env,
  });
  expect([await bundle.ended, bundle.stderr()]).toEqual([0, ""]);
  expect(librariesIn(join(folder, "worker.js.map"))).not.toMatch(/openai|@huggingface|@azure|@jax-js|kysely/);
  writeFileSync(join(folder, "config.capnp"), capnp(folder, config));
  return untilReady(
    startChild(join(bin, "workerd"), ["serve", "config.capnp", "--control-fd=1"], { cwd: folder, env }),
    /"port":(\d+)/,
    folder,
  );
}

/** Libraries of a bundle: what trains models has no place on a Worker. */
function librariesIn(map: string): string {
  const { sources } = z.object({ sources: z.array(z.string()) }).parse(JSON.parse(readFileSync(map, "utf8")));
  return [
    ...new Set(sources.flatMap((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? [])),
  ].join(" ");
}

/** @param portIn what the child writes when it listens, with the port that it was given */
async function untilReady(child: Child, portIn: RegExp, folder: string): Promise<Running> {
  const port = await until(() => {
    if (child.hasEnded()) throw new Error(`the Worker ended: ${child.stdout()}${child.stderr()}`);
    return portIn.exec(child.stdout())?.[1];
  }, 50_000);
  return {
    url: `http://127.0.0.1:${port}`,
    stop: async () => {
      await child.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** workerd's own configuration for a bundle in `folder`. */
function capnp(folder: string, config: unknown): string {
  const settings = readFileSync(join(root, "wrangler.toml"), "utf8");
  const setting = (name: string): string => new RegExp(`^${name} = (.+)$`, "m").exec(settings)?.[1] ?? "";
  const yaml = readdirSync(folder).find((name) => name.endsWith(".yaml")) ?? "";
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "worker.js"),
    (name = "./${yaml}", text = embed ${JSON.stringify(yaml)}),
  ],
  bindings = [(name = "CROSSOVER_CONFIG_TEXT", text = ${JSON.stringify(JSON.stringify(config))})],
  compatibilityDate = ${setting("compatibility_date")},
  compatibilityFlags = ${setting("compatibility_flags")},
);
`;
}
