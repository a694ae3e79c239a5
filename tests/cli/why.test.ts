import { dirname } from "node:path";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { ruleSetOf } from "../../src/backtest/rule-set.ts";
import { type WhyDocument, whyDocument } from "../../src/backtest/why-document.ts";
import { whyText } from "../../src/cli/why-text.ts";
import { openStore } from "../../src/store/open.ts";
import { helpConfig, traffic } from "../backtest/traffic.ts";
import { tableOf } from "../config/tables.ts";
import { startStored } from "../support/stored-gateway.ts";
import { projectNode, runCommand, temporaryFiles } from "./command.ts";

const RULES = [
  { name: "beta", when: 'headers["x-beta"] == "1"', use: "tuned" },
  { name: "rest", use: { split: { prompted: 80, tuned: 20 } } },
];

test("a request of a store, in words and as JSON", async () => {
  const text = stringify(helpConfig(RULES));
  const table = tableOf(text);
  const path = temporaryFiles({ "c.yaml": text });
  const dataDir = dirname(path("c.yaml"));
  const store = await openStore(`file:${dataDir}/crossover.db`);
  await store.write({ captures: traffic(table, { requests: 1 }), recipes: [], usage: [] });
  await store.saveRuleSet({ version: table.version, at: 0, document: JSON.stringify(ruleSetOf(table)) });
  await store.close();
  const run = (...args: readonly string[]) =>
    runCommand(projectNode, ["why", ...args, "-c", path("c.yaml")], { env: { CROSSOVER_DATA_DIR: dataDir } });
  const { code, stdout, stderr } = await run("cx_00000000");
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.split("\n").slice(0, 12)).toEqual([
    'cx_00000000, 2026-11-01T00:00:00 UTC, route help: "Question 0 of the easy kind?"',
    "",
    "Rules",
    '  ✗ beta: headers["x-beta"] == "1"',
    "      it did not match, by what was not kept",
    "      headers.x-beta was not kept",
    "  ✓ rest",
    "      the rule has no condition",
    "",
    "Decision",
    "  variant        tuned, by the rule rest",
    "  chosen by      chance, with the probability 0.2",
  ]);
  const json = whyDocument.parse(JSON.parse((await run("cx_00000000", "--json")).stdout));
  expect(json.decision).toMatchObject({ variant: "tuned", propensity: 0.2 });
  const missing = await run("cx_nobody");
  expect([missing.code, missing.stderr]).toEqual([1, "crossover why: no capture of this id is kept\n"]);
}, 60_000);

test("a request of a running gateway, and wrong use", async () => {
  const { gateway, store } = await startStored(helpConfig(RULES, { server: { port: 0 } }));
  await store.write({ captures: traffic(gateway.gateway.table, { requests: 1 }), recipes: [], usage: [] });
  const asked = await runCommand(projectNode, ["why", "cx_00000000", "--url", gateway.url]);
  expect(asked.stdout).toContain("Notes\n  The rules of that time were not kept");
  const missing = await runCommand(projectNode, ["why", "cx_nobody", "--url", gateway.url]);
  expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining("404 capture_not_found")]);
  expect((await runCommand(projectNode, ["why"])).code).toBe(2);
  expect((await runCommand(projectNode, ["why", "a", "--url", "http://x", "--store", "file:x"])).code).toBe(
    2,
  );
}, 60_000);

test("a rollout then, its end, calls and a fallback in words", () => {
  const change = { at: "2026-11-01T00:00:00.000Z", reason: null, ground: null, guardrail: null };
  const why: WhyDocument = {
    object: "crossover.why",
    id: "cx_1\u009b2J",
    created_at: "2026-11-01T01:00:00.000Z",
    route: "help",
    query: null,
    key: null,
    user: null,
    table_version: "t1",
    rules: null,
    decision: {
      rule: "all",
      variant: "tuned",
      propensity: 0.05,
      forced: false,
      sticky_by: "user",
      sticky_key: "ada\u001b[2J",
    },
    rollout: {
      rollout: "ramp",
      side: "candidate",
      stage: 1,
      share: 0.05,
      run: "run_1",
      epoch: 1,
      known: true,
      set_by: {
        ...change,
        ground: "no_alarm",
        action: "advance",
        by: "crossover",
        from_percent: 1,
        to_percent: 5,
      },
      ended: {
        ...change,
        action: "rollback",
        by: "crossover",
        guardrail: "errors",
        from_percent: 5,
        to_percent: 0,
      },
      state: "rolled_back",
    },
    calls: [
      {
        variant: "tuned",
        model: "ft",
        outcome: "timeout",
        status: null,
        started_ms: 1,
        duration_ms: 900,
        hedge: false,
        note: null,
      },
      {
        variant: "prompted",
        model: "base",
        outcome: "success",
        status: 200,
        started_ms: 901,
        duration_ms: 40,
        hedge: false,
        note: null,
      },
    ],
    outcome: {
      outcome: "success",
      status: 200,
      error_code: null,
      answered_by: "prompted",
      fallback: true,
      unusable: "empty",
      cached: false,
      simulated: false,
      attempts: 2,
      duration_ms: 941.23,
      first_token_ms: 920,
      input_tokens: 10,
      output_tokens: 20,
      cost_usd: 0.0012,
    },
    notes: [],
  };
  const text = whyText(why);
  expect(text).not.toMatch(/[^\P{Cc}\n]/u);
  expect(text).toContain("ramp          the candidate had 5% in stage 2; this request was the candidate's");
  expect(text).toContain("run           run_1, now rolled back");
  expect(text).toContain(
    "share set by  advance from 1% to 5% by crossover, 2026-11-01T00:00:00 UTC: no alarm",
  );
  expect(text).toContain(
    "ended by      rollback from 5% to 0% by crossover, 2026-11-01T00:00:00 UTC: errors crossed",
  );
  expect(text).toContain("  1.0 ms  tuned (ft)  timeout after 900.0 ms");
  expect(text).toContain("answered by  prompted, a fallback");
  expect(text).toContain("unusable     empty");
  expect(text).toContain("took         2 calls, 941.2 ms, the first token after 920.0 ms");
  const unknown = why.rollout && { ...why.rollout, run: null, epoch: 0, known: false };
  const untold = whyText({ ...why, rollout: unknown });
  expect(untold).toContain("ramp  where the rollout stood was not known (the store did not answer)");
  expect(untold).not.toContain("started it");
});
