import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startGateway, until } from "../support/gateway.ts";
import { startTuningDouble } from "../support/openai-tuning.ts";
import { startProvider } from "../support/taught-provider.ts";
import type { Received } from "../support/upstream.ts";
import { newStore, QUICK, tunerOf } from "./listening.ts";
import { config, examples } from "./world.ts";

test("over OpenAI's own API, with answers lost on the way, a gateway trains, compares and registers", async () => {
  const double = await startTuningDouble({ auto: true });
  const up = await startProvider(double.url);
  const gateway = await startGateway(
    config({
      server: { port: 0 },
      providers: { main: { kind: "openai", baseURL: `${up.url}/v1`, apiKey: double.apiKey } },
      retries: { most: 0 },
    }),
    { openedStore: await newStore(), tuning: QUICK, watch: true },
  );
  double.fault({ on: /^POST \/fine_tuning\/jobs$/, done: true, answer: "lost" });
  double.fault({ on: /^POST \/files$/, done: true, answer: "lost" });
  double.fault({ on: /^GET \/fine_tuning\/jobs\//, answer: { status: 500, body: {} } });
  const tuner = tunerOf(gateway);
  const plan = await tuner.plan({
    route: "ask",
    training: { kind: "text", text: examples(12) },
    validation: { kind: "text", text: examples(4, 100) },
    variant: "tuned",
  });
  const { id } = await tuner.start(plan, false);
  const job = await until(async () => {
    const found = await tuner.job(id);
    return found !== undefined && ["succeeded", "failed", "manual"].includes(found.state) ? found : undefined;
  }, 30_000);
  expect(job.problem).toBeNull();
  expect(double.state.jobs).toHaveLength(1);
  expect(job.losses.length).toBeGreaterThan(1);
  expect(job.evaluation).toMatchObject({
    rows: 4,
    control: { variant: "prompted", exact: 0 },
    candidate: { variant: "tuned", exact: 1 },
  });
  // The bare path is bare, and the control is prompted.
  const chats = up.received.filter(({ url }) => url.endsWith("/chat/completions"));
  const rolesOf = ({ body }: Received) =>
    Array.isArray(body["messages"]) ? body["messages"].map(({ role }: { role: string }) => role).join() : "";
  const isTuned = ({ body }: Received) => String(body["model"]).startsWith("ft:");
  expect(new Set(chats.filter(isTuned).map(rolesOf))).toEqual(new Set(["user"]));
  expect(new Set(chats.filter((chat) => !isTuned(chat)).map(rolesOf))).toEqual(new Set(["system,user"]));
  // What is registered is in force within a moment, and no rule uses it.
  await until(() => gateway.gateway.table.variants.has("tuned"));
  expect(gateway.gateway.table.variants.get("tuned")?.model).toMatchObject({
    fineTuned: true,
    tuningJob: id,
    baseModel: "gpt-4.1-mini",
    upstreamModel: job.remote.model,
  });
  expect(readFileSync(join(gateway.dataDir, "registered.yaml"), "utf8")).toContain(id);
  const answer = await gateway.post({ model: "ask", messages: [{ role: "user", content: "Question 1?" }] });
  expect(answer.headers.get("x-crossover-variant")).toBe("prompted");
  expect(
    await gateway.metric("crossover_tuning_jobs_total", { provider: "main", outcome: "succeeded" }),
  ).toBe(1);
}, 60_000);

test("a gateway that is started again goes on with what another left", async () => {
  const double = await startTuningDouble();
  const up = await startProvider(double.url);
  const store = await newStore();
  const folder = mkdtempSync(join(tmpdir(), "crossover-tuning-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const all = config({
    server: { port: 0, dataDir: folder },
    providers: { main: { kind: "openai", baseURL: `${up.url}/v1`, apiKey: double.apiKey } },
  });
  const options = { openedStore: store, tuning: QUICK, env: { CROSSOVER_DATA_DIR: folder } };
  const first = await startGateway(all, options);
  const { id } = await tunerOf(first).start(
    await tunerOf(first).plan({ route: "ask", training: { kind: "text", text: examples(12) } }),
    false,
  );
  await until(async () => (await tunerOf(first).job(id))?.state === "training");
  await first.close(0);
  expect((await store.tuningJob(id))?.owner).toBeUndefined();
  const second = await startGateway(all, options);
  const job = await until(async () => {
    if (double.state.jobs.at(-1)?.status !== "succeeded") double.advance();
    const found = await tunerOf(second).job(id);
    return found?.state === "succeeded" ? found : undefined;
  }, 30_000);
  expect([double.state.jobs.length, double.state.files.length, job.registered]).toEqual([1, 1, true]);
}, 60_000);

test("without a store nothing is trained", async () => {
  expect((await startGateway(config({ server: { port: 0 } }))).tuner).toBeUndefined();
});
