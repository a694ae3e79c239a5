import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toFile } from "openai";
import { expect, onTestFinished, test } from "vitest";
import { openStore } from "../../src/store/open.ts";
import { tuningJob } from "../../src/tuning/job.ts";
import { startGateway, type TestGateway, until } from "../support/gateway.ts";
import { startTuningDouble } from "../support/openai-tuning.ts";
import { rowsOf } from "../tuning/openai-samples.ts";

const TASKS = {
  card_lost: ["I lost my card", "my card is gone", "the card is lost", "can't find my card"],
  pin_change: ["change my pin", "I want a new pin", "how do I set another pin", "pin must be changed"],
} as const;
const OPENINGS = ["", "Hello, ", "Please help: ", "Quick one, ", "Hi there, "];
const rows = Object.entries(TASKS).flatMap(([label, questions]) =>
  OPENINGS.flatMap((opening) => questions.map((question) => ({ question: `${opening}${question}.`, label }))),
);
const jsonl = (some: typeof rows): string =>
  some
    .map(({ question, label }) => ({
      messages: [
        { role: "user", content: question },
        { role: "assistant", content: label },
      ],
    }))
    .map((row) => JSON.stringify(row))
    .join("\n");

/** A gateway whose provider is played by the simulator, with a store. */
async function started(): Promise<TestGateway & { readonly folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), "crossover-road-"));
  const store = await openStore(`file:${join(folder, "crossover.db")}`);
  onTestFinished(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const config = {
    server: { port: 0 },
    providers: { openai: { kind: "openai", apiKey: "", withoutKey: "simulator" } },
    models: { base: { provider: "openai", model: "gpt-4.1-mini" } },
    prompts: {
      intents: {
        system: "Name the intent.",
        examples: Object.entries(TASKS).map(([label, [question]]) => ({ user: question, assistant: label })),
      },
    },
    variants: { prompted: { model: "base", prompt: "intents" } },
    routes: { bank: { default: "prompted" } },
    tuning: { pollSeconds: 0.05 },
  };
  const gateway = await startGateway(config, { openedStore: store, tuning: { scanMs: 20, lookMs: 20 } });
  return { ...gateway, folder };
}

test("a data set becomes a variant by one request, and each page of the road can be read", async () => {
  const gateway = await started();
  const set = join(gateway.folder, "set");
  mkdirSync(set);
  writeFileSync(join(set, "train.jsonl"), jsonl(rows.slice(0, -8)));
  writeFileSync(join(set, "validation.jsonl"), jsonl(rows.slice(-8)));
  const api = `${gateway.url}/admin/api/tuning-jobs`;
  const answer = await fetch(api, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ route: "bank", dataset: set, variant: "tuned" }),
  });
  expect([answer.status, answer.headers.get("location")]).toEqual([
    201,
    expect.stringMatching(/tuning-jobs\/\S+/),
  ]);
  const at = new URL(answer.headers.get("location") ?? "", gateway.url).href;
  const job = await until(async () => {
    const seen = tuningJob.parse(await (await fetch(at)).json());
    return ["succeeded", "failed"].includes(seen.state) ? seen : undefined;
  }, 60_000);
  expect([job.state, job.problem]).toEqual(["succeeded", null]);
  const page = await (await fetch(`${at}.html`)).text();
  expect(page).toContain("Simulated");
  expect(page).toContain("<polyline");
  const comparison = /href="\.\.\/(comparisons\/[^"]+)"/.exec(page)?.[1] ?? "";
  const compared = await fetch(`${gateway.url}/admin/api/${comparison}`);
  expect([compared.status, compared.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  gateway.reload();
  const body = { model: "bank", messages: [{ role: "user", content: "Good day, I lost my card." }] };
  const told = await gateway.post(body, { "x-crossover-variant": "tuned" });
  expect([told.status, (await told.json()).choices[0].message.content]).toEqual([200, "card_lost"]);
}, 90_000);

test("OpenAI's SDK trains at the simulator through the gateway, without a network", async () => {
  const { client } = await started();
  const file = await client.files.create({
    purpose: "fine-tune",
    file: await toFile(Buffer.from(jsonl(rows)), "train.jsonl"),
  });
  const { id } = await client.fineTuning.jobs.create({ model: "gpt-4.1-mini", training_file: file.id });
  const job = await until(async () => {
    const seen = await client.fineTuning.jobs.retrieve(id);
    return seen.status === "succeeded" || seen.status === "failed" ? seen : undefined;
  }, 60_000);
  expect([job.status, job.fine_tuned_model]).toEqual(["succeeded", expect.stringMatching(/^ft:/)]);
  expect((await client.fineTuning.jobs.listEvents(id)).data.length).toBeGreaterThan(0);
}, 90_000);

test("OpenAI's SDK trains at OpenAI's API through the gateway: 20 MiB and more go up byte for byte", async () => {
  const double = await startTuningDouble({ auto: true, apiKey: "sk-double-secret-0123456789" });
  const { client, logs } = await startGateway({
    server: { port: 0 },
    providers: { main: { kind: "openai", apiKey: double.apiKey, baseURL: `${double.url}/v1` } },
    models: { base: { provider: "main", model: "gpt-4.1-mini" } },
    variants: { base: { model: "base" } },
    routes: { ask: { default: "base" } },
  });
  const text = rowsOf(180_000);
  expect(Buffer.byteLength(text)).toBeGreaterThan(20 * 1024 * 1024); // more than any other body may have
  const upload = { purpose: "fine-tune", file: await toFile(Buffer.from(text), "train.jsonl") } as const;
  const file = await client.files.create(upload);
  const sha256 = (content: string): string => createHash("sha256").update(content).digest("hex");
  expect(sha256(await (await client.files.content(file.id)).text())).toBe(sha256(text));
  const { id } = await client.fineTuning.jobs.create({
    model: "gpt-4.1-mini-2025-04-14",
    training_file: file.id,
    suffix: "road",
  });
  const job = await until(async () => {
    const seen = await client.fineTuning.jobs.retrieve(id);
    return seen.status === "succeeded" || seen.status === "failed" ? seen : undefined;
  });
  expect(job.fine_tuned_model).toMatch(/^ft:/);
  const events = [];
  for await (const event of client.fineTuning.jobs.listEvents(id, { limit: 3 })) events.push(event.id);
  expect(new Set(events).size).toBe(events.length);
  expect(events.length).toBeGreaterThan(3);
  await expect(client.fineTuning.jobs.retrieve("ftjob-none")).rejects.toMatchObject({ status: 404 });
  expect((await client.files.delete(file.id)).deleted).toBe(true);
  for (const { headers } of double.requests) expect(headers.authorization).toBe(`Bearer ${double.apiKey}`);
  expect(JSON.stringify(logs)).not.toContain(double.apiKey);
}, 60_000);
