import { describe, expect, onTestFinished, test, vi } from "vitest";
import { STANDINGS_MS } from "../../src/open-store.ts";
import { entryOf } from "../../src/rollouts/log-entry.ts";
import { StoreError } from "../../src/store/store.ts";
import { until } from "../support/until.ts";
import { sendJson, startUpstream } from "../support/upstream.ts";
import { ASKED, conduct, failing, flaky, newStore, request } from "./conducted.ts";
import { BEGAN, rolloutOf } from "./runs.ts";
import { pair, performance } from "./traffic.ts";

/** Passes its stages as soon as the candidate has answered something. */
const quick = rolloutOf({
  stages: [{ percent: 25, minRequests: 1, minTime: 600 }, 50],
  proof: { above: 100 },
});

test("a candidate that fails is rolled back, with its evidence, and stays so", async () => {
  const store = await newStore();
  const { conductor, logs } = await conduct(store, rolloutOf({ stages: [25] }));
  await conductor.control.start("r", ASKED);
  expect(conductor.standings.get("r")).toMatchObject({ share: 0.25, stage: 0, epoch: 0 });
  const run = conductor.standings.get("r")?.run ?? "";
  for (const one of failing(conductor, 100)) conductor.observe(run, one);
  await until(async () => (await conductor.control.view("r")).run?.state === "rolled_back");
  const view = await conductor.control.view("r");
  expect(view).toMatchObject({ percent: 0, isBlind: false, dropped: 0 });
  expect(view.run?.verdict).toMatchObject({ guardrail: "errors" });
  expect(conductor.standings.get("r")).toMatchObject({ share: 0, epoch: 1 });
  const [change, begun] = await conductor.control.changes("r", 10);
  expect(change).toMatchObject({
    action: "rollback",
    by: "crossover",
    from: { state: "running", percent: 25 },
    to: { state: "rolled_back", percent: 0 },
  });
  expect(change?.verdict).toEqual(view.run?.verdict);
  expect(change?.evidence.map(({ guardrail }) => guardrail)).toContain("errors");
  expect(begun).toMatchObject({ action: "start", by: "ann", from: { state: "none", percent: 0 } });
  expect(logs.filter(({ level }) => level !== "info").map(({ message }) => message)).toEqual([
    "rollout rolled back",
  ]);

  const again = await conduct(store, rolloutOf({ stages: [25] }));
  expect(again.conductor.standings.get("r")?.share).toBe(0);
  expect((await again.conductor.control.view("r")).run?.verdict).toEqual(view.run?.verdict);
});

test("one that fails in shadowed pairs alone is rolled back, and the trail has what they had shown", async () => {
  const store = await newStore();
  const rollout = rolloutOf({ stages: [{ percent: 0, shadow: 10 }, 25] });
  const { conductor } = await conduct(store, rollout);
  await conductor.control.start("r", ASKED);
  const run = conductor.standings.get("r")?.run ?? "";
  const bad = pair({ candidate: performance({ error: true }) });
  for (let i = 0; i < 50; i++) conductor.observe(run, bad);
  await until(async () => (await conductor.control.view("r")).run?.state === "rolled_back");
  const [change, begun] = await conductor.control.changes("r", 10);
  const count = change?.verdict?.observation ?? 0;
  expect(change?.verdict).toMatchObject({
    guardrail: "errors",
    candidateRequests: 0,
    evidence: { pairs: { count, control: 0, candidate: count }, candidate: { count: 0 } },
  });
  expect(change?.pairs?.candidate.errors).toBeGreaterThanOrEqual(count);
  expect(change?.pairs?.control.errors).toBe(0);
  expect(begun?.pairs).toBeUndefined();
});

test("processes on one store come to the same verdict at the same observation", async () => {
  const store = await newStore();
  const rollout = rolloutOf({ stages: [25] });
  const [one, two] = [await conduct(store, rollout), await conduct(store, rollout)];
  await one.conductor.control.start("r", ASKED);
  await until(() => two.conductor.standings.get("r")?.share === 0.25);
  const run = one.conductor.standings.get("r")?.run ?? "";
  let turn = 0;
  for (const observation of failing(one.conductor, 60))
    (turn++ % 2 === 0 ? one : two).conductor.observe(run, observation);
  for (const { conductor } of [one, two])
    await until(async () => (await conductor.control.view("r")).run?.state === "rolled_back");
  const views = await Promise.all([one, two].map(({ conductor }) => conductor.control.view("r")));
  expect(views[0]?.run).toEqual(views[1]?.run);
  expect(await one.conductor.control.changes("r", 10)).toHaveLength(2);
});

test("what a process that did not see the crossing shows of a run that ended is what the others show", async () => {
  const store = await newStore();
  const rollout = rolloutOf({ stages: [25] });
  const one = await conduct(store, rollout);
  await one.conductor.control.start("r", ASKED);
  const two = await conduct(store, rollout, { pollMs: 1_000_000 });
  const { run = "" } = one.conductor.standings.get("r") ?? {};
  for (const observation of failing(one.conductor, 60)) one.conductor.observe(run, observation);
  await until(async () => (await one.conductor.control.view("r")).run?.state === "rolled_back");

  two.conductor.use(new Map([["r", rollout]])); // it looks now
  await until(() => two.metrics.render().includes('state="rolled_back"} 1'));
  await until(() => /guardrail="errors"} (1\.|[2-9])/.test(two.metrics.render()));

  await store.appendObservations(run, "late", entryOf([request("control", { share: 0.25 })]), 0);
  const [shown, same] = await Promise.all([one, two].map(({ conductor }) => conductor.control.view("r")));
  expect(shown?.evidence).toEqual(same?.evidence);
  expect(shown?.sides).toEqual(same?.sides);
  expect(shown?.sides.control.requests).toBeGreaterThan(1);
});

describe("while the store does not answer", () => {
  test("weights stay and nothing grows; what was seen waits, and is judged once it answers", async () => {
    const store = flaky(await newStore());
    let now = BEGAN;
    const { conductor, logs } = await conduct(store, quick, { now: () => now });
    await conductor.control.start("r", ASKED);
    const { run = "" } = conductor.standings.get("r") ?? {};
    conductor.observe(run, request("candidate", { share: 0.25 }));
    await until(async () => (await conductor.control.view("r")).sides.candidate.requests === 1);
    store.fails = true;
    await until(async () => (await conductor.control.view("r")).isBlind);
    now += 3_600_000;
    for (const one of failing(conductor, 100)) conductor.observe(run, one);
    const asked = store.calls;
    await until(() => store.calls > asked + 3);
    expect(conductor.standings.get("r")).toMatchObject({ share: 0.25, stage: 0 });
    expect((await conductor.control.view("r")).waitsFor[0]).toMatch(/^the store to answer/);
    await expect(conductor.control.promote("r", ASKED)).rejects.toMatchObject({ code: "store_unavailable" });
    await expect(conductor.control.changes("r", 10)).rejects.toMatchObject({ code: "store_unavailable" });

    store.fails = false;
    await until(async () => (await conductor.control.view("r")).run?.state === "rolled_back");
    expect(await conductor.control.view("r")).toMatchObject({ percent: 0, isBlind: false, dropped: 0 });
    const messages = logs.map(({ message }) => message);
    expect(messages.filter((message) => message.includes("blind"))).toHaveLength(1);
    expect(messages).toContain("the rollouts' guardrails see again");
  });

  test("nothing grows once it answers before all that waited is judged", async () => {
    const store = flaky(await newStore());
    let now = BEGAN;
    const { conductor } = await conduct(store, quick, { now: () => now });
    await conductor.control.start("r", ASKED);
    const { run = "" } = conductor.standings.get("r") ?? {};
    store.fails = true;
    await until(async () => (await conductor.control.view("r")).isBlind);
    now += 3_600_000;
    for (let i = 0; i < 5000; i++)
      conductor.observe(run, request(i % 4 === 0 ? "candidate" : "control", { share: 0.25 }));
    for (const one of failing(conductor, 100)) conductor.observe(run, one);
    store.fails = false;
    await until(async () => (await conductor.control.view("r")).run?.state === "rolled_back");
    const changes = await conductor.control.changes("r", 10);
    expect(changes.map(({ action }) => action)).toEqual(["rollback", "start"]);
  });

  test("all that waits is logged when the gateway stops", async () => {
    const inner = await newStore();
    const store = flaky(inner);
    const { conductor } = await conduct(store, rolloutOf({ stages: [25] }));
    await conductor.control.start("r", ASKED);
    const { run = "" } = conductor.standings.get("r") ?? {};
    store.fails = true;
    await until(async () => (await conductor.control.view("r")).isBlind);
    for (let i = 0; i < 6000; i++) conductor.observe(run, request("control", { share: 0.25 }));
    store.fails = false;
    await conductor.close();
    const later = await conduct(inner, rolloutOf({ stages: [25] }));
    expect((await later.conductor.control.view("r")).sides.control.requests).toBe(6000);
  });

  test("the control answers alone until it is known where rollouts stand", async () => {
    const store = flaky(await newStore());
    const first = await conduct(store, rolloutOf({ stages: [25] }));
    await first.conductor.control.start("r", ASKED);
    store.fails = true;
    const { conductor } = await conduct(store, rolloutOf({ stages: [25] }));
    expect(conductor.standings.get("r")).toEqual({
      run: undefined,
      stage: 0,
      epoch: 0,
      share: 0,
      shadowShare: 0,
    });
    expect(await conductor.control.view("r")).toMatchObject({ percent: 0, isBlind: true, isKnown: false });
    store.fails = false;
    await until(() => conductor.standings.get("r")?.share === 0.25);
  });

  test("a store that is slow to tell is waited for, so that nobody is sent back meanwhile", async () => {
    const store = await newStore();
    const first = await conduct(store, rolloutOf({ stages: [25] }));
    await first.conductor.control.start("r", ASKED);
    await first.conductor.control.promote("r", ASKED);
    await first.conductor.close();
    const { promise: told, resolve: tell } = Promise.withResolvers<void>();
    const slow = { ...flaky(store), newestRuns: () => told.then(() => store.newestRuns()) };
    const { conductor } = await conduct(slow, rolloutOf({ stages: [25] }), { waitMs: 0 });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    let isReady = false;
    const ready = conductor.ready(STANDINGS_MS).then(() => {
      isReady = true;
    });
    await vi.advanceTimersByTimeAsync(9000);
    expect([isReady, conductor.standings.get("r")?.share]).toEqual([false, 0]);
    tell();
    await ready;
    expect(conductor.standings.get("r")?.share).toBe(1);
  });

  test("a verdict acts all the same, and is saved as soon as that can be done", async () => {
    const store = flaky(await newStore());
    const { conductor } = await conduct(store, rolloutOf({ stages: [25] }));
    await conductor.control.start("r", ASKED);
    const { run = "" } = conductor.standings.get("r") ?? {};
    store.failsToSave = true;
    for (const one of failing(conductor, 100)) conductor.observe(run, one);
    await until(() => conductor.standings.get("r")?.share === 0);
    expect((await conductor.control.view("r")).run?.state).toBe("running");
    store.failsToSave = false;
    await until(async () => (await conductor.control.view("r")).run?.state === "rolled_back");
  });

  test("a change whose answer was lost on the way is made once, and told once", async () => {
    const store = flaky(await newStore());
    const { conductor, metrics, logs } = await conduct(store, rolloutOf({ stages: [25] }));
    await conductor.control.start("r", ASKED);
    const { run = "" } = conductor.standings.get("r") ?? {};
    store.losesAnswers = true;
    for (const one of failing(conductor, 100)) conductor.observe(run, one);
    await until(async () => (await conductor.control.view("r")).run?.state === "rolled_back");
    store.losesAnswers = false;
    expect(await conductor.control.changes("r", 10)).toHaveLength(2);
    expect(metrics.render()).toContain('crossover_rollout_changes_total{rollout="r",action="rollback"} 1');
    expect(logs.filter(({ message }) => message === "rollout rolled back")).toHaveLength(1);
  });

  test("no more than so many observations wait: the oldest are dropped and counted", async () => {
    const store = flaky(await newStore());
    const { conductor, metrics } = await conduct(store, rolloutOf({ stages: [25] }));
    await conductor.control.start("r", ASKED);
    const { run = "" } = conductor.standings.get("r") ?? {};
    store.fails = true;
    await until(async () => (await conductor.control.view("r")).isBlind);
    for (let i = 0; i < 25_000; i++) conductor.observe(run, request("control", { share: 0.25 }));
    const { dropped } = await conductor.control.view("r");
    expect(dropped).toBeGreaterThanOrEqual(4000);
    expect(metrics.render()).toContain(
      `crossover_rollout_observations_total{rollout="r",outcome="dropped"} ${dropped}`,
    );
    expect(metrics.render()).toContain('crossover_rollout_blind{rollout="r"} 1');
  });
});

test("a run that is well passes its stages by its requests and its time", async () => {
  const store = await newStore();
  let now = BEGAN;
  const { conductor } = await conduct(store, quick, { now: () => now });
  await conductor.control.start("r", ASKED);
  const { run = "" } = conductor.standings.get("r") ?? {};
  conductor.observe(run, request("candidate", { share: 0.25 }));
  await until(async () => (await conductor.control.view("r")).sides.candidate.requests === 1);
  expect((await conductor.control.view("r")).waitsFor).toEqual(["10 minutes more at this stage"]);
  now += 600_000;
  await until(() => conductor.standings.get("r")?.share === 0.5);
  expect(conductor.standings.get("r")).toMatchObject({ stage: 1, epoch: 1 });
  expect((await conductor.control.view("r")).waitsFor).toEqual([
    "500 more requests of the candidate",
    "10 minutes more at this stage",
  ]);
});

test("what fails in the moment before a promotion is saved is not promoted", async () => {
  const store = flaky(await newStore());
  const { saveRun } = store;
  const { conductor, logs } = await conduct(
    store,
    rolloutOf({ stages: [{ percent: 50, minRequests: 1, minTime: 0 }], proof: { above: 100 } }),
  );
  await conductor.control.start("r", ASKED);
  const run = conductor.standings.get("r")?.run ?? "";
  const failed = entryOf([...failing(conductor, 60)].map((one) => ({ ...one, stage: 0 })));
  let promotions = 0;
  store.saveRun = async (row, changes, conditions) => {
    // Another process logs it, after all was read and before the promotion is there.
    if (row.state === "promoted" && promotions++ === 0)
      await store.appendObservations(run, "others", failed, 0);
    return saveRun(row, changes, conditions);
  };
  conductor.observe(run, request("candidate", { share: 0.5 }));
  await until(async () => (await conductor.control.view("r")).run?.state === "rolled_back");
  expect(promotions).toBe(1);
  const messages = logs.map(({ message }) => message);
  expect(messages).toContain("rollout rolled back");
  expect(messages).not.toContain("rollout promoted");
});

test("gateways that log all the time come to a promotion all the same", async () => {
  const store = flaky(await newStore());
  const { appendObservations, saveRun } = store;
  const { conductor } = await conduct(
    store,
    rolloutOf({ stages: [{ percent: 50, minRequests: 1, minTime: 0 }], proof: { above: 100 } }),
  );
  await conductor.control.start("r", ASKED);
  const run = conductor.standings.get("r")?.run ?? "";
  const well = request("candidate", { share: 0.5 });
  let othersLog = false;
  let others = 0;
  store.appendObservations = (...args) => {
    // Another one has as much to log as this one, and logs it as often.
    othersLog = true;
    return appendObservations(...args);
  };
  const promotions: number[] = [];
  store.saveRun = async (row, changes, conditions) => {
    if (row.state === "promoted") {
      promotions.push(others);
      conductor.observe(run, well);
      if (othersLog) await appendObservations(run, `others-${others++}`, entryOf([well]), 0);
      othersLog = false;
    }
    return saveRun(row, changes, conditions);
  };
  conductor.observe(run, well);
  await until(() => conductor.standings.get("r")?.share === 1);
  // The first one comes second to the other's log; until the next one both log nothing.
  expect(promotions).toEqual([0, 1]);
});

test("what a webhook was not told when its gateway stopped the next one tells it, once", async () => {
  const store = await newStore();
  let status = 500;
  const receiver = await startUpstream((_received, response) => sendJson(response, {}, status));
  const told = rolloutOf({ stages: [25], webhook: { url: receiver.url } });
  const first = await conduct(store, told, { webhookWaitsMs: [600_000] });
  await first.conductor.control.start("r", ASKED);
  await first.conductor.control.rollback("r", ASKED);
  await until(() => first.logs.some(({ message }) => message === "a webhook could not be delivered"));
  await first.conductor.close();
  expect(first.metrics.render()).not.toContain("crossover_webhooks_total{");

  status = 200;
  const second = await conduct(store, told);
  await until(() => second.metrics.render().includes('crossover_webhooks_total{result="delivered"} 1'));
  const [failed, delivered] = receiver.received;
  expect(delivered?.text).toBe(failed?.text);
  expect(delivered?.headers["x-crossover-event"]).toBe(failed?.headers["x-crossover-event"]);
  await second.conductor.close();

  const third = await conduct(store, told);
  await third.conductor.control.start("r", ASKED);
  await third.conductor.control.promote("r", ASKED);
  await until(() => receiver.received.length > 2);
  expect(receiver.received.map(({ body }) => body["type"])).toEqual([
    "rollout.rolled_back",
    "rollout.rolled_back",
    "rollout.promoted",
  ]);
});

test("one that can't look for webhooks that others left is not blind", async () => {
  const store = flaky(await newStore());
  store.claimEvents = () => Promise.reject(new StoreError("locked", true));
  const told = rolloutOf({ stages: [25], webhook: { url: "http://127.0.0.1:9" } });
  const { conductor, logs } = await conduct(store, told);
  await until(() => logs.some(({ message }) => message.includes("could not be looked for")));
  await conductor.control.start("r", ASKED);
  expect((await conductor.control.view("r")).isBlind).toBe(false);
  expect(logs.map(({ message }) => message)).not.toContainEqual(expect.stringContaining("blind"));
});

test("a person pauses, resumes, weighs and promotes; each is in the trail with who did it and why", async () => {
  const { conductor } = await conduct(await newStore(), rolloutOf({ stages: [5, 25] }));
  const { control } = conductor;
  await expect(control.pause("r", ASKED)).rejects.toMatchObject({ status: 409, code: "rollout_state" });
  await expect(control.view("x")).rejects.toMatchObject({ status: 404, code: "rollout_not_found" });
  for (const stage of [2, -1, 0.5])
    await expect(control.start("r", { ...ASKED, stage })).rejects.toMatchObject({ status: 400 });
  await control.start("r", { ...ASKED, stage: 1 });
  expect(conductor.standings.get("r")?.share).toBe(0.25);
  await control.pause("r", { by: "bob", reason: "lunch" });
  expect((await control.view("r")).waitsFor).toEqual(["a person to resume it"]);
  await control.setWeight("r", 7.5, ASKED);
  expect(conductor.standings.get("r")).toMatchObject({ share: 0.075, epoch: 1 });
  for (const percent of [-1, 101, Number.NaN])
    await expect(control.setWeight("r", percent, ASKED)).rejects.toMatchObject({ status: 400 });
  await control.resume("r", ASKED);
  expect(conductor.standings.get("r")).toMatchObject({ share: 0.25, epoch: 2 });
  await control.setWeight("r", 100, ASKED);
  await expect(control.resume("r", ASKED)).rejects.toThrow("promote it");
  const { run: ended } = await control.promote("r", ASKED);
  expect(ended).toMatchObject({ state: "promoted", promotedOn: "person" });
  expect(conductor.standings.get("r")?.share).toBe(1);
  await control.rollback("r", ASKED);
  expect(conductor.standings.get("r")?.share).toBe(0);
  const again = await control.start("r", ASKED);
  expect(again.run).toMatchObject({ state: "running", percent: 5, revision: 1 });
  const changes = await control.changes("r", 100);
  expect(changes.map(({ action }) => action).reverse()).toEqual([
    "start",
    "pause",
    "set-weight",
    "resume",
    "set-weight",
    "promote",
    "rollback",
    "start",
  ]);
  expect(changes.at(-2)).toMatchObject({ by: "bob", reason: "lunch" });
  expect(changes[1]?.evidence).not.toEqual([]);
  expect(changes[0]).toMatchObject({ action: "start", evidence: [] });
  expect(await control.runs("r", 10)).toHaveLength(2);
});

test("what has just failed is rolled back before anybody who did not know it can promote it", async () => {
  const shared = await newStore();
  const [seeing, asked] = [flaky(shared), flaky(shared)];
  const rollout = rolloutOf({ stages: [25] });
  const { conductor } = await conduct(seeing, rollout);
  await conductor.control.start("r", ASKED);
  const other = await conduct(asked, rollout, { pollMs: 600_000 });
  expect(other.conductor.standings.get("r")?.share).toBe(0.25);
  const { run = "" } = conductor.standings.get("r") ?? {};
  seeing.failsToSave = true;
  for (const one of failing(conductor, 100)) conductor.observe(run, one);
  await until(() => conductor.standings.get("r")?.share === 0);
  await expect(other.conductor.control.promote("r", ASKED)).rejects.toMatchObject({ code: "rollout_state" });
  expect(other.conductor.standings.get("r")?.share).toBe(0);
  const view = await other.conductor.control.view("r");
  expect(view.run).toMatchObject({ state: "rolled_back", verdict: { guardrail: "errors" } });
});

test("a rollout that comes back in the configuration waits for what others did meanwhile", async () => {
  const store = flaky(await newStore());
  const rollout = rolloutOf({ stages: [25] });
  const { conductor } = await conduct(store, rollout);
  await conductor.control.start("r", ASKED);
  await conductor.control.promote("r", ASKED);
  const other = await conduct(store, rollout);
  conductor.use(new Map());
  await other.conductor.control.rollback("r", ASKED);
  store.fails = true;
  conductor.use(new Map([["r", rollout]]));
  expect(conductor.standings.get("r")?.share).toBe(0);
  store.fails = false;
});

test("a configuration with another candidate pauses the run, whose weight stays; it goes on with the old one", async () => {
  const { conductor } = await conduct(await newStore(), rolloutOf({ stages: [25] }));
  await conductor.control.start("r", ASKED);
  conductor.use(new Map([["r", rolloutOf({ stages: [25], candidate: "c" })]]));
  await until(async () => (await conductor.control.view("r")).run?.cause === "configuration");
  expect(conductor.standings.get("r")?.share).toBe(0.25);
  await expect(conductor.control.resume("r", ASKED)).rejects.toMatchObject({ code: "rollout_state" });
  conductor.use(new Map([["r", rolloutOf({ stages: [25, 50] })]]));
  expect((await conductor.control.resume("r", ASKED)).run?.state).toBe("running");
});

test("a run that began with sticky keys is judged by keys, also where the configuration has none any more", async () => {
  const store = await newStore();
  const sticky = rolloutOf({ stages: [50] });
  const first = await conduct(store, sticky);
  await first.conductor.control.start("r", ASKED);
  const run = first.conductor.standings.get("r")?.run ?? "";
  await first.conductor.close();
  const ofOneUser = Array.from({ length: 200 }, () =>
    request("candidate", { unit: 0.2, share: 0.5, error: true }),
  );
  await store.appendObservations(run, "one user's", entryOf(ofOneUser), 0);
  const { conductor } = await conduct(store, { ...sticky, sticky: undefined });
  await until(async () => (await conductor.control.view("r")).run?.state !== "running");
  expect((await conductor.control.view("r")).run).toMatchObject({ state: "paused", cause: "configuration" });
});

test("other stages of a run that goes on count at the next start, and that is said", async () => {
  const guardrails = { cost: false };
  const { conductor, logs } = await conduct(await newStore(), rolloutOf({ stages: [25], guardrails }));
  const { control } = conductor;
  expect((await control.start("r", ASKED)).notices).toEqual([]);
  const later = rolloutOf({ stages: [10, 50], onSuccess: "hold", guardrails });
  for (let i = 0; i < 2; i++) conductor.use(new Map([["r", later]]));
  expect((await control.view("r")).notices).toEqual([
    "The configuration has other stages and onSuccess than this run: they count at the next start.",
  ]);
  expect(
    logs.filter(({ fields }) => fields["note"] === "other stages and onSuccess count at the next start"),
  ).toHaveLength(1);
  await control.rollback("r", ASKED);
  expect((await control.view("r")).notices).toEqual([]);
  expect((await control.start("r", ASKED)).percent).toBe(10);
});

test("what does nothing for want of a price is told of", async () => {
  const stages = [{ percent: 0, shadow: 10 }, 25];
  const rollout = rolloutOf({ stages, shadow: { usdPerDay: 5 } });
  const { conductor } = await conduct(await newStore(), rollout);
  const { control } = conductor;
  const notices = [
    "The guardrail `cost` sees nothing: there is no price of `base` and `ft`.",
    "Nothing is shadowed: `shadow.usdPerDay` needs the price of `ft`.",
  ];
  expect((await control.start("r", ASKED)).notices).toEqual(notices);
  expect((await control.rollback("r", ASKED)).notices).toEqual([]);
});

test("a run whose rollout was out of the configuration goes on, and that is logged", async () => {
  const rollout = rolloutOf({ stages: [25] });
  const { conductor, logs } = await conduct(await newStore(), rollout);
  await conductor.control.start("r", ASKED);
  conductor.use(new Map());
  conductor.use(new Map([["r", rollout]]));
  expect(logs.filter(({ message }) => message.startsWith("a rollout is configured again"))).toHaveLength(1);
});

test("what was folded is kept in snapshots, so that whoever comes later reads the rest alone", async () => {
  const store = await newStore();
  const rollout = rolloutOf({ stages: [25] });
  const { conductor } = await conduct(store, rollout, { snapshotEvery: 10 });
  await conductor.control.start("r", ASKED);
  const { run = "" } = conductor.standings.get("r") ?? {};
  for (let i = 1; i <= 60; i++) {
    conductor.observe(run, request("control", { share: 0.25 }));
    await until(async () => (await conductor.control.view("r")).sides.control.requests === i);
  }
  const kept = await until(() => store.snapshot(run));
  expect(kept.seq).toBeGreaterThanOrEqual(10);
  const { entries, isCut } = await store.observations(run, 0);
  expect(isCut).toBe(true);
  expect(entries.length).toBeLessThan(60);
  const later = await conduct(store, rollout);
  const view = await later.conductor.control.view("r");
  expect(view.sides.control.requests).toBe(60);
  expect(view.evidence).toEqual((await conductor.control.view("r")).evidence);
});

test("nobody asks the store where no rollout is configured", async () => {
  const store = flaky(await newStore());
  const { conductor } = await conduct(store, quick);
  conductor.use(new Map());
  const idle = store.calls;
  await conductor.ready(1000);
  expect(store.calls - idle).toBeLessThanOrEqual(1);
  expect(conductor.standings.size).toBe(0);
});

test("a store that was restored from an older copy is believed", async () => {
  const [before, copy] = [await newStore(), await newStore()];
  const store = flaky(before);
  const { conductor } = await conduct(store, rolloutOf({ stages: [25] }));
  await conductor.control.start("r", ASKED);
  const [row] = await before.newestRuns();
  if (row === undefined) throw new TypeError("there is no run");
  await copy.saveRun(row, []);
  conductor.observe(row.id, request("control", { share: 0.25 }));
  await until(async () => (await conductor.control.view("r")).sides.control.requests === 1);
  await conductor.control.pause("r", ASKED);
  store.becomes(copy);
  await until(async () => (await conductor.control.view("r")).run?.state === "running");
  await until(async () => (await conductor.control.view("r")).sides.control.requests === 0);
  conductor.observe(row.id, request("control", { share: 0.25 }));
  await until(async () => (await conductor.control.view("r")).sides.control.requests === 1);
});
