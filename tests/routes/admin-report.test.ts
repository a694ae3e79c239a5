import { expect, test } from "vitest";
import { reportList } from "../../routes/admin/report-query.ts";
import type { UsageHour } from "../../src/domain/capture.ts";
import { helpConfig } from "../reports/material.ts";
import { daily, hourOf, TUNED } from "../reports/usage.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, until } from "../support/gateway.ts";
import { startStored } from "../support/stored-gateway.ts";
import { completion, sendJson, startUpstream } from "../support/upstream.ts";

const TOKEN = "admin-token-of-the-test";

function asking(url: string) {
  return (query: string, token = TOKEN) =>
    fetch(`${url}/admin/api/report?${query}`, { headers: { authorization: `Bearer ${token}` } });
}

const CONFIG = helpConfig({ server: { port: 0, adminToken: TOKEN } });

async function start(usage: readonly UsageHour[] = []) {
  const { gateway, store } = await startStored(CONFIG);
  await store.write({ captures: [], recipes: [], usage });
  const ask = asking(gateway.url);
  return {
    ask,
    reports: async (query: string) => {
      const answer = await ask(query);
      expect([query, answer.status]).toEqual([query, 200]);
      return reportList.parse(await answer.json()).data;
    },
  };
}

test("a report of a route, by what the store has of the range", async () => {
  const prompted = hourOf(480, { input: 1200, added: 1000, output: 300, cost: 0.0048 });
  const bare = hourOf(480, { input: 200, output: 300, cost: 0.00112 }, TUNED);
  const { reports } = await start([...daily(30, prompted), ...daily(30, bare)]);
  const [june] = await reports("route=help&from=2026-06-01&to=2026-06-30&hosting_per_hour=0.1");
  expect(june?.totals.requests).toBe(28_800);
  expect(june?.candidate).toMatchObject({ variant: "tuned", hosting_per_hour: 0.1, training_cost: 100 });
  expect(june?.break_even).toMatchObject({ verdict: "pays_back", basis: "measured" });
  // 960 a day x $0.00368 less $2.40 of hosting: $1.1328 a day
  expect(june?.break_even?.days?.value).toBeCloseTo(100 / 1.1328, 6);
  const [day] = await reports("route=help&from=2026-06-05&to=2026-06-05T12:00:00Z");
  expect(day?.totals.requests).toBe(960);
  expect(day?.to).toBe("2026-06-05T12:00:00.000Z");
});

test("every route without one named; without traffic an empty report", async () => {
  const { reports } = await start();
  const all = await reports("");
  expect(all.map(({ route, totals, break_even }) => [route, totals.requests, break_even])).toEqual([
    ["help", 0, null],
    ["other", 0, null],
  ]);
});

test("what is wrong is named", async () => {
  const { ask } = await start();
  const cases: readonly (readonly [string, number, string, string])[] = [
    ["route=nothing", 404, "model_not_found", "model"],
    ["route=help&candidate=nobody", 400, "invalid_value", "candidate"],
    ["route=help&input_price=1", 400, "missing_required_parameter", "output_price"],
    ["candidate=tuned", 400, "missing_required_parameter", "route"],
    ["training_cost=-1", 400, "invalid_value", "training_cost"],
    ["training_cost=1e3", 400, "invalid_value", "training_cost"],
    ["training_cost=NaN", 400, "invalid_value", "training_cost"],
    ["training_cost=", 400, "invalid_value", "training_cost"],
    ["horizon_days=9999999999", 400, "invalid_value", "horizon_days"],
    ["from=yesterday", 400, "invalid_value", "from"],
    ["from=2026-02-31", 400, "invalid_value", "from"],
    ["from=2026-06-02&to=2026-06-01T00:00:00Z", 400, "invalid_value", "from"],
    ["route=help&route=other", 400, "invalid_value", "route"],
    ["days=30", 400, "unknown_parameter", "days"],
  ];
  for (const [query, status, code, param] of cases) {
    const answer = await ask(query);
    const { error } = await answer.json();
    expect([query, answer.status, error.code, error.param]).toEqual([query, status, code, param]);
  }
});

test("only for those whom the admin surface lets in", async () => {
  const { ask } = await start();
  expect((await ask("", "another")).status).toBe(401);
});

test("what the gateway answered is what its report counts", async () => {
  const upstream = await startUpstream((_received, response) =>
    sendJson(response, completion("ok", { prompt_tokens: 1200, completion_tokens: 300, total_tokens: 1500 })),
  );
  const { gateway } = await startStored(
    twoPaths(upstream.url, {
      server: { port: 0, adminToken: TOKEN },
      routes: {
        help: { rules: [{ name: "vip", when: 'metadata.tier == "vip"', use: "tuned" }, { use: "prompted" }] },
      },
    }),
  );
  const body = { model: "help", messages: [{ role: "user", content: "Why?" }] };
  for (const tier of ["free", "free", "free", "vip", "vip"])
    await gateway.post({ ...body, metadata: { tier } });
  const ask = asking(gateway.url);
  const report = await until(async () => {
    const [found] = reportList.parse(await (await ask("route=help")).json()).data;
    return found?.totals.requests === 5 ? found : undefined;
  });
  const [enriched, bare] = ["enriched", "bare"].map((path) =>
    report.by_path.find((one) => one.path === path),
  );
  // $1 and $2 per million tokens on the base model, $3 and $6 on the tuned one
  expect(enriched).toMatchObject({ requests: 3, priced: 3, input_tokens: 3600, output_tokens: 900 });
  expect(enriched?.cost_usd).toBeCloseTo((3 * (1200 + 300 * 2)) / 1e6, 12);
  expect(enriched?.added_tokens).toBeGreaterThan(0);
  expect(bare).toMatchObject({ requests: 2, priced: 2, added_tokens: 0 });
  expect(bare?.cost_usd).toBeCloseTo((2 * (1200 * 3 + 300 * 6)) / 1e6, 12);
});

test("without a store there is nothing to report on", async () => {
  const { url } = await startGateway(CONFIG);
  const answer = await asking(url)("");
  expect([answer.status, (await answer.json()).error.code]).toEqual([503, "store_unavailable"]);
});
