import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openStore } from "../../src/store/open.ts";
import { batch, capture } from "../store/samples.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway, until } from "../support/gateway.ts";
import { completion, sendJson, startUpstream } from "../support/upstream.ts";

const question = { model: "bare", messages: [{ role: "user", content: "Why?" }] };

async function started(more: Readonly<Record<string, unknown>> = {}): Promise<TestGateway> {
  const upstream = await startUpstream((_received, response) => sendJson(response, completion("ok")));
  return startGateway(twoPaths(upstream.url, more), { store: true });
}

const health = async ({ url }: TestGateway): Promise<unknown> => {
  const answer = await fetch(`${url}/health/ready`);
  return [answer.status, (await answer.json()).store];
};

const metrics = async ({ url }: TestGateway): Promise<string> => (await fetch(`${url}/metrics`)).text();

const told = ({ logs }: TestGateway): readonly string[] =>
  logs.map(({ message }) => message).filter((message) => message.startsWith("the store"));

/** A file in the way of the store's folder. */
function blocked(): { readonly url: string; readonly clear: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "crossover-blocked-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "data");
  writeFileSync(file, "");
  return { url: `file:${file}/crossover.db`, clear: () => rmSync(file) };
}

test("the gateway has a store in its data folder, which is closed with it", async () => {
  const gateway = await started();
  expect(await health(gateway)).toEqual([200, "ok"]);
  await gateway.gateway.store?.write(batch({ captures: [capture("a")] }));
  expect(await gateway.gateway.store?.count({})).toBe(1);
  expect(await metrics(gateway)).toContain("\ncrossover_store_up 1\n");
  const file = join(gateway.dataDir, "crossover.db");
  void gateway.gateway.store?.write(batch({ captures: [capture("b")] }));
  await gateway.close(0);
  expect(existsSync(`${file}-wal`)).toBe(false);
  const store = await openStore(`file:${file}`);
  expect(await store.count({})).toBe(2);
  await store.close();
});

test("a store that can't be opened holds up nothing; it is told, and is there once it can be", async () => {
  const { url, clear } = blocked();
  const gateway = await started({ store: { url } });
  await gateway.store?.settled;
  expect((await gateway.post(question)).status).toBe(200);
  expect(await health(gateway)).toEqual([200, "degraded"]);
  expect(await metrics(gateway)).toContain("\ncrossover_store_up 0\n");
  expect(told(gateway)).toEqual(["the store does not work, requests go on without it"]);
  clear();
  await until(async () => (await metrics(gateway)).includes("\ncrossover_store_up 1\n"), 30_000);
  expect(await health(gateway)).toEqual([200, "ok"]);
  expect(told(gateway)).toEqual([
    "the store does not work, requests go on without it",
    "the store works again",
  ]);
});

test("Postgres that is not there is told without its password", async () => {
  const url = "postgres://crossover:hunter2-of-the-store@127.0.0.1:9/crossover";
  const gateway = await started({ store: { url } });
  await gateway.store?.settled;
  expect(await health(gateway)).toEqual([200, "degraded"]);
  expect(told(gateway)).toHaveLength(1);
  expect(JSON.stringify(gateway.logs)).not.toContain("hunter2");
});

test("`store: false`: no file, no metric, and health says so", async () => {
  const gateway = await started({ store: false });
  expect(gateway.gateway.store).toBeUndefined();
  expect(await health(gateway)).toEqual([200, "off"]);
  expect(await metrics(gateway)).not.toMatch(/^crossover_store_up /m);
  expect((await gateway.post(question)).status).toBe(200);
  expect(existsSync(join(gateway.dataDir, "crossover.db"))).toBe(false);
});

test("another store takes a restart; another retention does not", async () => {
  const upstream = await startUpstream();
  const configured = (store: unknown) => twoPaths(upstream.url, { store });
  const url = blocked().url;
  const gateway = await startGateway(configured({ url }));
  const note = (): unknown => {
    gateway.reload();
    return gateway.logs.findLast(({ message }) => message === "configuration reloaded")?.fields["note"];
  };
  gateway.write(configured({ url, retention: { days: 1 } }));
  expect(note()).toBeUndefined();
  gateway.write(configured(false));
  expect(note()).toBe("another host, port, dataDir, redis or store takes a restart");
});
