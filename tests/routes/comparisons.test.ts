import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { comparisonList, wholeComparison } from "../../routes/admin/comparisons.ts";
import { createApp } from "../../routes/app.ts";
import { comparisonAnswer } from "../../src/comparison/document.ts";
import { PAGE_POLICY } from "../../src/comparison/page.ts";
import { Gateway } from "../../src/gateway/gateway.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import { openStore } from "../../src/store/open.ts";
import { type Store, StoreError } from "../../src/store/store.ts";
import { FetchTransport } from "../../src/transport/fetch.ts";
import { listening, openWeb } from "../../src/web.ts";
import { small, tableOf } from "../config/tables.ts";
import { expectRefused } from "./black-box.ts";

const SIMULATED = small({
  providers: { sim: { kind: "simulator" } },
  models: { base: { provider: "sim", model: "base" } },
  variants: { one: { model: "base" }, two: { model: "base", params: { seed: 1 } } },
  routes: { ask: { default: "one" } },
});

const BODY = {
  model: "ask",
  messages: [{ role: "user", content: "My key is sk-proj-abcdefghijklmnopqrstuvwxyz0123456789" }],
  variants: ["one", "two"],
  user: "ada",
};

async function start(
  change: (store: Store) => Store | undefined = (store) => store,
  config: Readonly<Record<string, unknown>> = SIMULATED,
) {
  const folder = mkdtempSync(join(tmpdir(), "crossover-"));
  const store = await openStore(`file:${join(folder, "crossover.db")}`);
  onTestFinished(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const logs: string[] = [];
  const gateway = new Gateway({
    table: tableOf(config),
    transport: new FetchTransport(),
    metrics: new Metrics({ version: "1", runtime: "test" }),
    log: (_level, message) => logs.push(message),
    store: change(store),
  });
  const app = createApp(
    gateway,
    {
      open: (context) => openWeb(context.req.raw, listening, gateway.table.server, () => {}),
      configStale: () => false,
      openAdmin: () => true,
    },
    "1",
  );
  const compare = async (
    headers: Readonly<Record<string, string>> = {},
    changes: Readonly<Record<string, unknown>> = {},
  ) => {
    const answer = await app.request("http://127.0.0.1/v1/compare", {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ ...BODY, ...changes }),
    });
    expect(answer.status).toBe(200);
    return comparisonAnswer.parse(await answer.json());
  };
  const admin = async (path: string): Promise<Response> =>
    app.request(`http://127.0.0.1/admin/api/comparisons${path}`);
  const list = async () => comparisonList.parse(await (await admin("")).json()).data;
  return { store, logs, compare, admin, list };
}

test("a comparison is stored without secrets, and listed newest first", async () => {
  const { compare, admin, list } = await start();
  const first = await compare();
  const second = await compare();
  const listed = await list();
  expect(listed.map(({ id }) => id).toSorted()).toEqual([first.id, second.id].toSorted());
  expect(listed[0]).toMatchObject({ route: "ask", variants: ["one", "two"], baseline: "one" });
  const text = await (await admin(`/${first.id}`)).text();
  const { rows, summary } = wholeComparison.parse(JSON.parse(text));
  expect(summary).toMatchObject({ queries: 1, variants: [{ answered: 1 }, { answered: 1 }] });
  expect(rows[0]?.query).toBe("My key is [redacted:api-key]");
  expect(rows[0]?.results[0]?.message?.["content"]).toContain("[redacted:api-key]");
  expect(text).not.toContain("abcdefghijklmnop");
});

test("its rows go with the data of their user", async () => {
  const { store, compare, admin } = await start();
  const { id } = await compare();
  await store.delete({ user: "ada" });
  const { rows } = wholeComparison.parse(await (await admin(`/${id}`)).json());
  expect(rows).toEqual([]);
});

test("as a page, by either address, under a policy of its own", async () => {
  const { compare, admin } = await start();
  const { id } = await compare();
  for (const path of [`/${id}.html`, `/${id}?format=html`]) {
    const page = await admin(path);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("content-security-policy")).toBe(`${PAGE_POLICY}; frame-ancestors 'none'`);
    expect(page.headers.get("x-content-type-options")).toBe("nosniff");
    expect(await page.text()).toContain("<h1>Comparison: one, two</h1>");
  }
});

test("what is not to be captured is not stored", async () => {
  const { compare, list } = await start();
  await compare({ "x-crossover-no-capture": "true" });
  expect(await list()).toEqual([]);
});

test("without a route one is stored only where every route is captured", async () => {
  const routes = { ask: { default: "one" }, quiet: { default: "two", capture: false } };
  const { compare, list } = await start(undefined, { ...SIMULATED, routes });
  await compare({}, { model: undefined });
  expect(await list()).toEqual([]);
  await compare();
  expect(await list()).toHaveLength(1);
});

test("one that is not there", async () => {
  const { admin } = await start();
  const missing = { status: 404, code: "comparison_not_found", param: "id" };
  await expectRefused(await admin("/cx_1"), missing);
  await expectRefused(await admin("/cx_1.html"), missing);
  await expectRefused(await admin("?limit=0"), { status: 400, code: "invalid_value", param: "limit" });
});

test("without a store they are told, and not listed", async () => {
  const { compare, admin } = await start(() => undefined);
  await compare();
  await expectRefused(await admin(""), {
    status: 503,
    type: "server_error",
    code: "store_unavailable",
    param: null,
  });
});

test("a store that fails loses the comparison, not the answer", async () => {
  const failing: Pick<Store, "saveComparison"> = {
    saveComparison: () => Promise.reject(new StoreError("the disk is full", true)),
  };
  const { compare, logs } = await start((store) => Object.assign(Object.create(store), failing));
  expect((await compare()).results).toHaveLength(2);
  expect(logs).toContain("comparison not stored");
});
