import { describe, expect, test } from "vitest";
import { rolloutPaths } from "../../routes/rollout-paths.ts";
import { changeList, rolloutDocument, rolloutList, runList } from "../../src/rollouts/document.ts";
import { PAGE_POLICY } from "../../src/rollouts/pages/frame.ts";
import { StoreError } from "../../src/store/store.ts";
import { ADMIN_KEY, rolloutApp } from "../support/rollout-app.ts";
import { BEGUN, evidence, FakeRollouts, PAIRS, PROOF, run, unstarted, view } from "../support/rollouts.ts";
import { expectRefused } from "./black-box.ts";

const documentOf = async (answer: Promise<Response>) => {
  const { status, json } = await answer.then(async (one) => ({ status: one.status, json: await one.json() }));
  expect(status, JSON.stringify(json)).toBe(200);
  return rolloutDocument.parse(json);
};

describe("a rollout is told", () => {
  test("with its state, its weight and what it waits for", async () => {
    const { get } = rolloutApp(new FakeRollouts(view(), unstarted({ name: "other" })));
    const { data } = rolloutList.parse(await (await get("api/rollouts")).json());
    expect(data.map(({ name, state, percent }) => [name, state, percent])).toEqual([
      ["move", "running", 5],
      ["other", "none", 1],
    ]);
    const one = await documentOf(get("api/rollouts/move"));
    expect(one).toEqual(data[0]);
    expect(one).toMatchObject({
      control: "prompted",
      candidate: "tuned",
      run: { state: "running", cause: null, stage: 1, by_hand: false, verdict: null, alpha: 0.01 },
      sides: { control: { requests: 12_345 }, candidate: { requests: 650 } },
      waits_for: ["42 more requests of the candidate", "3 more minutes"],
      blind: false,
    });
    expect(one.run?.stages[0]).toEqual({
      percent: 1,
      shadow_percent: 10,
      min_requests: 100,
      min_seconds: 600,
      soak_seconds: 300,
      proof: false,
    });
  });

  test("with how near each guardrail is, and whether it was ever crossed", async () => {
    const crossed = evidence({ logEvidence: 4, logPeak: 6 });
    const none = evidence({ logEvidence: Number.NEGATIVE_INFINITY, logPeak: Number.NEGATIVE_INFINITY });
    const { get } = rolloutApp(new FakeRollouts(view({ evidence: [evidence(), crossed, none] })));
    const { evidence: shown } = await documentOf(get("api/rollouts/move"));
    expect(shown.map(({ guardrail, crossed, of_threshold }) => [guardrail, crossed, of_threshold])).toEqual([
      ["errors", false, 1.16 / 5.8],
      ["errors", true, 4 / 5.8],
      ["errors", false, 0],
    ]);
    expect(shown[2]).toMatchObject({ log_evidence: null, log_peak: null });
    expect(shown[0]).toMatchObject({ needed_requests: 900, sees: "3 times as many as allowed" });
  });

  test("with proof, pairs and what the allocation has learned, where there are any", async () => {
    const adaptive = {
      control: { count: 10, mean: 0.5 },
      candidate: { count: 20, mean: undefined },
      probabilityBetter: 0.9,
      best: undefined,
    };
    const { get } = rolloutApp(new FakeRollouts(view({ proof: PROOF, pairs: PAIRS, adaptive })));
    expect(await documentOf(get("api/rollouts/move"))).toMatchObject({
      proof: { proved: false, margin: 0.02, difference: { low: -0.011, high: 0.034 }, more_needed: 680 },
      pairs: { count: 250, same_tools: null, candidate: { first_token_ms: null, cost_usd: 0.00041 } },
      adaptive: { candidate: { count: 20, mean: null }, probability_better: 0.9, best: null },
    });
  });

  test("unless there is none of this name, or no store", async () => {
    const missing = { status: 404, code: "rollout_not_found", param: "name" };
    const { get } = rolloutApp(new FakeRollouts());
    for (const path of ["nothing", "nothing/changes", "nothing/runs"])
      await expectRefused(await get(`api/rollouts/${path}`), missing);
    const none = rolloutApp(undefined);
    const answer = await none.get("api/rollouts");
    expect(answer.headers.get("x-should-retry")).toBe("false");
    await expectRefused(answer, {
      status: 503,
      code: "store_unavailable",
      type: "server_error",
      param: null,
    });
  });

  test("unless the store fails, which the log has", async () => {
    const rollouts = new FakeRollouts(view());
    rollouts.failure = new StoreError("the disk is full", true);
    const { get, logs } = rolloutApp(rollouts);
    const answer = await get("api/rollouts/move");
    expect(answer.headers.get("retry-after")).toBe("5");
    await expectRefused(answer, {
      status: 503,
      code: "store_unavailable",
      type: "server_error",
      param: null,
    });
    expect(logs).toContain("the store failed");
  });
});

describe("what people do", () => {
  test("is done, and stands in the trail with their name and reason", async () => {
    const { post, get } = rolloutApp(new FakeRollouts(unstarted()));
    const states = [];
    for (const [action, body] of [
      ["start", { stage: 1 }],
      ["pause", { reason: "lunch" }],
      ["resume", {}],
      ["set-weight", { percent: 12.5 }],
      ["promote", {}],
      ["rollback", {}],
      ["start", {}],
    ] as const) {
      const { state, percent } = await documentOf(post(`api/rollouts/move/${action}`, body, ADMIN_KEY));
      states.push([action, state, percent]);
    }
    expect(states).toEqual([
      ["start", "running", 5],
      ["pause", "paused", 5],
      ["resume", "running", 5],
      ["set-weight", "running", 12.5],
      ["promote", "promoted", 100],
      ["rollback", "rolled_back", 0],
      ["start", "running", 1],
    ]);
    const { data } = changeList.parse(await (await get("api/rollouts/move/changes")).json());
    expect(data.map(({ action }) => action)).toEqual(states.map(([action]) => action).toReversed());
    expect(data[5]).toMatchObject({
      action: "pause",
      by: "ops",
      reason: "lunch",
      from: { state: "running", percent: 5 },
      to: { state: "paused", percent: 5 },
    });
    const some = await (await get(`api/rollouts/move/changes?limit=2&before=${BEGUN + 3000}`)).json();
    expect(changeList.parse(some).data.map(({ action }) => action)).toEqual(["resume", "pause"]);
    const runs = runList.parse(await (await get("api/rollouts/move/runs?limit=1")).json());
    expect(runs.data.map(({ id }) => id)).toEqual(["run_2"]);
  });

  test("is done in the name of the admin token, of a browser's password, or of the machine", async () => {
    const rollouts = new FakeRollouts(view());
    const { post, app } = rolloutApp(rollouts);
    await post("api/rollouts/move/pause");
    await app.request("http://127.0.0.1/admin/api/rollouts/move/resume", {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`anybody:${ADMIN_KEY}`)}` },
    });
    await rolloutApp(rollouts, {}).app.request("http://127.0.0.1/admin/api/rollouts/move/pause", {
      method: "POST",
    });
    expect((await rollouts.changes("move", 9)).map(({ by }) => by)).toEqual([
      "this machine",
      "ops",
      "admin token",
    ]);
  });

  test("is refused in a state that forbids it, and for a body that is none", async () => {
    const { post, get } = rolloutApp(new FakeRollouts(view({ run: run({ state: "rolled_back" }) })));
    await expectRefused(await post("api/rollouts/move/resume"), {
      status: 409,
      code: "rollout_state",
      param: null,
    });
    await expectRefused(await post("api/rollouts/nothing/start"), {
      status: 404,
      code: "rollout_not_found",
      param: "name",
    });
    const refusals: readonly (readonly [string, object, string, string])[] = [
      ["set-weight", {}, "missing_required_parameter", "percent"],
      ["set-weight", { percent: 101 }, "invalid_value", "percent"],
      ["set-weight", { percent: "5" }, "invalid_type", "percent"],
      ["start", { stage: -1 }, "invalid_value", "stage"],
      ["start", { percent: 5 }, "unknown_parameter", "percent"],
      ["pause", { reason: " " }, "invalid_value", "reason"],
      ["promote", { reason: "x".repeat(1001) }, "invalid_value", "reason"],
    ];
    for (const [action, body, code, param] of refusals)
      await expectRefused(
        await post(`api/rollouts/move/${action}`, body),
        { status: 400, code, param },
        action,
      );
    for (const [path, param] of [
      ["changes?before=yesterday", "before"],
      ["runs?limit=0", "limit"],
    ])
      await expectRefused(await get(`api/rollouts/move/${path}`), {
        status: 400,
        code: "invalid_value",
        param: param ?? "",
      });
  });
});

test("all that the OpenAPI document has of them is served", async () => {
  const bodies: Readonly<Record<string, object>> = { "set-weight": { percent: 5 } };
  const statuses = await Promise.all(
    Object.entries(rolloutPaths).map(async ([path, item]) => {
      const action = path.split("/").at(-1) ?? "";
      const state = action === "resume" ? "paused" : action === "start" ? "rolled_back" : "running";
      const { get, post } = rolloutApp(new FakeRollouts(view({ run: run({ state }) })));
      const address = path.replace("/admin/", "").replace("{name}", "move");
      const reads = typeof item === "object" && item !== null && "get" in item;
      return [path, (reads ? await get(address) : await post(address, bodies[action])).status];
    }),
  );
  expect(statuses).toHaveLength(10);
  expect(statuses.filter(([, status]) => status !== 200)).toEqual([]);
});

test("the pages show all rollouts, and one with what was done to it, under a policy of their own", async () => {
  const { get, post } = rolloutApp(new FakeRollouts(view()));
  await post("api/rollouts/move/pause", { reason: "a <b>bold</b> one" });
  const list = await get("rollouts");
  const one = await get("rollouts/move");
  for (const answer of [list, one]) {
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(answer.headers.get("content-security-policy")).toBe(`${PAGE_POLICY}; frame-ancestors 'none'`);
  }
  expect(await list.text()).toContain('href="rollouts/move"');
  const text = await one.text();
  expect(text).toContain("paused by a person");
  expect(text).toContain("a &lt;b&gt;bold&lt;/b&gt; one");
  expect(text).toContain("admin token");
});

test("a browser is told on a page why there is none, and what to do", async () => {
  const missing = await rolloutApp(new FakeRollouts(view())).get("rollouts/nothing");
  const none = await rolloutApp(undefined).get("rollouts");
  for (const answer of [missing, none]) {
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(answer.headers.get("content-security-policy")).toBe(`${PAGE_POLICY}; frame-ancestors 'none'`);
  }
  expect(missing.status).toBe(404);
  expect(await missing.text()).toContain('<a href="../../admin/rollouts">All rollouts</a>');
  expect([none.status, none.headers.get("x-should-retry")]).toEqual([503, "false"]);
  expect(await none.text()).toContain("take `store: false` out of the configuration");
});

test("the home page leads to them, and shows the weight in force", async () => {
  const { get } = rolloutApp(new FakeRollouts(view()));
  expect(await (await get("../admin")).text()).toContain('href="admin/rollouts"');
  expect(await (await rolloutApp(undefined).get("../admin")).text()).not.toContain('href="admin/rollouts"');
});
