import { realpathSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../support/gateway.ts";
import { startChild } from "./child.ts";

const root = join(import.meta.dirname, "../..");

test("Node needs the right to read the gateway's folder, and none besides", async () => {
  const readable = [root, realpathSync(join(root, "node_modules"))].map((path) => `--allow-fs-read=${path}`);
  const child = startChild(process.execPath, ["--permission", ...readable, "src/cli.ts", "start"], {
    cwd: root,
    env: { PORT: "0" },
  });
  onTestFinished(() => child.stop());
  const url = await until(() => /listens on (http:\S+)\/v1/.exec(child.stdout())?.[1], 30_000);
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "recipes", messages: [{ role: "user", content: "Quick tomato soup" }] }),
  });
  expect(answer.status).toBe(200);
  const reload = await fetch(`${url}/admin/api/config/reload`, { method: "POST" });
  expect(await reload.json()).toMatchObject({ changed: false });
  expect(child.stderr()).not.toContain("ERR_ACCESS_DENIED");
});
