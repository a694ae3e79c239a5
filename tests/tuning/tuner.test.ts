import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/config/problem.ts";
import { StoreError } from "../../src/store/store.ts";
import { until } from "../support/until.ts";
import { problem, seen } from "./fake-provider.ts";
import { answered, bound, config, QUESTION, refused, SECRET, trained, world } from "./world.ts";

test("a job goes from its data set to a registered variant, and nothing goes live", async () => {
  const all = await world();
  all.answer = (variant, query) =>
    variant === "prompted"
      ? { ...answered("Wrong."), usage: { input: 100, cachedInput: 0, output: 2 } }
      : answered(query.replace("Question", "Answer").replace("?", "."));
  const job = await trained(all.tuner());
  expect(job.problem).toBeNull();
  expect(job).toMatchObject({ state: "succeeded", registered: true, cancel_asked: false });
  expect(job.remote).toMatchObject({
    model: "ft:tuned-model",
    address: "ft:tuned-model",
    trained_tokens: 500,
    deployment: null,
    seen: "e1",
    step: 2,
    steps: 2,
  });
  expect(job.losses).toEqual([
    { step: 1, training: 2.5, validation: null },
    { step: 2, training: 1.5, validation: 1.75 },
  ]);
  expect(job.journal.some(({ kind, message }) => kind === "event" && message === "step 1")).toBe(true);
  expect(all.provider.effects).toEqual(["upload training", "upload validation", "create"]);
  expect([...all.provider.files.keys()]).toEqual([
    `crossover-${job.id}-train.jsonl`,
    `crossover-${job.id}-validation.jsonl`,
  ]);
  expect(job.evaluation).toMatchObject({
    rows: 5,
    control: { variant: "prompted", exact: 0, input_tokens: 100 },
    candidate: { variant: job.spec.variant, exact: 1, input_tokens: 10 },
  });
  const stored = await all.store.comparison(job.evaluation?.comparison ?? "");
  expect(stored?.rows).toHaveLength(5);
  expect(readFileSync(all.folders.pathOf(job.id, "evaluation.html"), "utf8")).toContain("<!doctype html>");
  expect(JSON.parse(readFileSync(all.folders.pathOf(job.id, "evaluation.json"), "utf8"))).toMatchObject({
    baseline: "prompted",
  });
  expect(all.registered).toHaveLength(1);
  expect(all.registered[0]).toMatchObject({
    model: {
      name: job.spec.model,
      provider: "main",
      model: "ft:tuned-model",
      baseModel: "gpt-4.1-mini",
      datasetHash: job.spec.training.sha256,
      tuningJob: job.id,
    },
    variant: { name: job.spec.variant, fallback: "prompted" },
  });
  expect(job.proposal).toContain(job.spec.variant);
  expect(all.ended).toEqual(["main succeeded"]);
  expect((await all.store.tuningJob(job.id))?.owner).toBeUndefined();
});

describe("a job's end is counted once, where", () => {
  test("a person cancels what has just come to wait for them", async () => {
    const all = await world();
    all.provider.at = (moment) => {
      if (moment === "before create") throw problem("unsupported");
    };
    const person = all.tuner();
    const store = bound(all.store);
    const saveTuningJob: typeof store.saveTuningJob = async (row) => {
      const isSaved = await store.saveTuningJob(row);
      if (row.state === "manual" && row.owner !== undefined) await person.cancel(row.id);
      return isSaved;
    };
    await trained(all.tuner({ store: { ...store, saveTuningJob } }));
    expect(all.ended).toEqual(["main cancelled"]);
  });

  test("the answer to its saving is lost", async () => {
    const all = await world();
    const store = bound(all.store);
    let isLost = false;
    const saveTuningJob: typeof store.saveTuningJob = async (row) => {
      const isSaved = await store.saveTuningJob(row);
      if (row.open || isLost) return isSaved;
      isLost = true;
      throw new StoreError("connection lost", true);
    };
    expect((await trained(all.tuner({ store: { ...store, saveTuningJob } }))).state).toBe("succeeded");
    expect([isLost, all.ended]).toEqual([true, ["main succeeded"]]);
  });
});

test("without a validation file nothing is compared", async () => {
  const all = await world();
  const job = await trained(all.tuner(), { ...QUESTION, validation: undefined });
  expect([job.state, job.evaluation, all.asked]).toEqual(["succeeded", null, []]);
  expect(all.provider.effects).toEqual(["upload training", "create"]);
});

test("of a long validation file as many rows are compared as the configuration says", async () => {
  const all = await world({ config: config({ tuning: { pollSeconds: 0.01, evaluationRows: 3 } }) });
  expect((await trained(all.tuner())).evaluation?.rows).toBe(3);
});

describe("at Azure", () => {
  test("a deployment is made and waited for", async () => {
    const all = await world();
    const job = await trained(all.tuner(), {
      ...QUESTION,
      provider: "cloud",
      validation: undefined,
    });
    expect(job.problem).toBeNull();
    expect(job.remote).toMatchObject({ deployment: `crossover-${job.id}`, address: `crossover-${job.id}` });
    expect(job.remote.deployment?.length).toBeLessThanOrEqual(32);
    expect(all.provider.effects.at(-1)).toBe(`deploy crossover-${job.id}`);
  });

  test("a deployment that fails is told in its own words, and a person can go on", async () => {
    const all = await world();
    all.provider.deploying = [{ phase: "failed", status: "Failed", message: "no quota left" }];
    const tuner = all.tuner();
    const job = await trained(tuner, {
      ...QUESTION,
      provider: "cloud",
      validation: undefined,
    });
    expect(job).toMatchObject({ state: "manual", problem: { state: "deploying" } });
    expect(job.problem?.message).toContain("no quota left");
    expect((await tuner.register(job.id, "mine")).state).toBe("evaluating");
    const done = await tuner.work(job.id, AbortSignal.timeout(20_000));
    expect([done.state, done.remote.address]).toEqual(["succeeded", "mine"]);
  });

  test("without management a person deploys and registers", async () => {
    const all = await world();
    const tuner = all.tuner();
    const job = await trained(tuner, {
      ...QUESTION,
      provider: "bare",
      validation: undefined,
    });
    expect(job).toMatchObject({ state: "manual", problem: { state: "deploying" } });
    expect(job.problem?.hint).toContain(`crossover tune register ${job.id} --address`);
    await expect(tuner.register(job.id, " ")).rejects.toMatchObject({ status: 400 });
    await expect(tuner.register(job.id, "ft:elsewhere")).rejects.toMatchObject({ status: 400 });
    await tuner.register(job.id, "by-hand");
    const done = await tuner.work(job.id, AbortSignal.timeout(20_000));
    expect([done.state, done.problem]).toEqual(["succeeded", null]);
    await expect(tuner.register(job.id, "again")).rejects.toMatchObject({ status: 409 });
    await expect(tuner.register("tj-none", "x")).rejects.toMatchObject({ status: 404 });
  });
});

describe("what goes wrong", () => {
  test.each(["upload", "find", "create", "observe"])(
    "a problem of %s that passes is tried again, and told once",
    async (call) => {
      const all = await world();
      let left = 3;
      all.provider.at = (moment) => {
        if (moment === `before ${call}` && left-- > 0) throw problem("temporary", `${call} is busy`);
      };
      const job = await trained(all.tuner());
      expect([job.state, job.problem]).toEqual(["succeeded", null]);
      expect(job.journal.filter(({ kind }) => kind === "problem").map(({ message }) => message)).toEqual([
        `${call} is busy`,
      ]);
      expect(all.provider.effects).toEqual(["upload training", "upload validation", "create"]);
    },
  );

  test("one that does not pass is final after a while, where nothing is paid for yet", async () => {
    const all = await world({ timing: { patienceMs: 30 } });
    all.provider.at = (moment) => {
      if (moment === "before upload") throw problem("temporary", "busy");
    };
    const job = await trained(all.tuner());
    expect(job).toMatchObject({
      state: "failed",
      problem: { state: "uploading", message: "busy", code: "fault" },
    });
    expect(all.ended).toEqual(["main failed"]);
  });

  test("a creation that never gets an answer and never turns up waits for a person", async () => {
    const all = await world({ timing: { patienceMs: 60, graceMs: 5 } });
    all.provider.at = (moment) => {
      if (moment === "before create") throw problem("unknown", "no answer");
    };
    const job = await trained(all.tuner());
    expect(job).toMatchObject({ state: "manual", problem: { state: "creating", message: "no answer" } });
    expect(job.journal.at(-2)?.message).toBe(`A job that carries ${job.id} may train at main: look there.`);
  });

  test.each([
    ["upload", "failed"],
    ["create", "failed"],
    ["observe", "manual"],
  ])("a refusal of %s is final (%s), without secrets and cut", async (call, state) => {
    const all = await world();
    all.provider.at = (moment) => {
      if (moment === `before ${call}`)
        throw problem("final", `key ${SECRET} is bad`, `${SECRET} ${"x".repeat(10_000)}`);
    };
    const job = await trained(all.tuner());
    expect(job).toMatchObject({ state, problem: { hint: "Do something.", status: 500 } });
    expect(JSON.stringify(job)).not.toContain(SECRET);
    expect(job.problem?.raw).toHaveLength(4_000);
  });

  test("secrets in a provider's events do not come to the journal", async () => {
    const all = await world();
    all.provider.script = [
      seen("running", { events: [{ at: 1, message: `with ${SECRET}` }] }),
      seen("succeeded"),
    ];
    expect(JSON.stringify(await trained(all.tuner()))).not.toContain(SECRET);
  });

  test("a training that the provider ends is told as it was", async () => {
    const all = await world();
    all.provider.script = [seen("failed", { problem: problem("final", "moderation blocked it") })];
    expect(await trained(all.tuner())).toMatchObject({
      state: "failed",
      problem: { state: "training", message: "moderation blocked it" },
    });
    const other = await world();
    other.provider.script = [seen("cancelled")];
    expect((await trained(other.tuner())).state).toBe("cancelled");
  });

  test("what the account can't do waits for a person", async () => {
    const all = await world();
    all.provider.at = (moment) => {
      if (moment === "before create") throw problem("unsupported", "no jobs here");
    };
    const tuner = all.tuner();
    const job = await trained(tuner);
    expect(job).toMatchObject({ state: "manual", problem: { state: "creating", message: "no jobs here" } });
    expect((await tuner.cancel(job.id)).state).toBe("cancelled");
    await expect(tuner.cancel(job.id)).rejects.toMatchObject({ status: 409 });
  });

  test("where nothing may be uploaded, what a person trained is compared and registered", async () => {
    const all = await world();
    all.provider.at = (moment) => {
      if (moment === "before upload") throw problem("unsupported", "no repositories here");
    };
    const tuner = all.tuner();
    const job = await trained(tuner);
    expect(job).toMatchObject({ state: "manual", problem: { state: "uploading" } });
    // The script takes them from there.
    expect((await all.folders.open(job.id, "train.jsonl")).size).toBeGreaterThan(0);
    await tuner.register(job.id, "ft:by-hand");
    const end = await tuner.work(job.id, AbortSignal.timeout(20_000));
    expect(end).toMatchObject({ state: "succeeded", evaluation: { compared: 5 } });
    expect(all.provider.effects).toEqual([]);
  });

  test("a job that takes too long is ended at the provider", async () => {
    const all = await world();
    all.provider.script = [seen("running")];
    all.provider.at = (moment) => {
      if (moment === "after observe")
        all.configure(config({ tuning: { pollSeconds: 0.01, deadlineHours: 1e-9 } }));
    };
    const job = await trained(all.tuner());
    expect(job).toMatchObject({ state: "failed", problem: { code: "timeout", state: "training" } });
    expect(all.provider.effects.at(-1)).toBe("cancel");
  });

  test("a provider that is gone from the configuration is waited for", async () => {
    const all = await world();
    const tuner = all.tuner();
    all.provider.at = (moment) => {
      if (moment === "after create") {
        const { providers, ...rest } = config();
        all.configure({
          ...rest,
          providers: { ...without(providers, "main"), other: { kind: "openai", apiKey: SECRET } },
          models: { base: { provider: "other", model: "m" } },
        });
        all.provider.at = () => {};
      }
    };
    const { id } = await tuner.start(await tuner.plan(QUESTION), false);
    const working = tuner.work(id, AbortSignal.timeout(20_000));
    await expect.poll(async () => (await tuner.job(id))?.journal.at(-1)?.message).toMatch(/main is gone/);
    all.configure(config());
    expect((await working).state).toBe("succeeded");
  });

  test("a model that answers no row is not registered", async () => {
    const all = await world();
    all.answer = (variant) => (variant === "prompted" ? answered("x") : refused(403, "forbidden"));
    const job = await trained(all.tuner());
    expect(job).toMatchObject({
      state: "manual",
      registered: false,
      problem: { state: "evaluating", status: 403 },
    });
    expect(all.registered).toEqual([]);
  });

  test("nor one that answers a first question and then no more", async () => {
    const all = await world({ timing: { patienceMs: 30 } });
    let asked = 0;
    all.answer = (variant) =>
      variant === "prompted" || asked++ === 0 ? answered("x") : refused(500, "worn out");
    const job = await trained(all.tuner());
    expect(job).toMatchObject({ state: "manual", registered: false, problem: { state: "evaluating" } });
    expect(job.problem?.message).toContain("worn out");
    expect(await all.store.comparisons(5)).toEqual([]);
    // The first question, then all of them twice; the control none.
    expect(all.asked).toEqual(Array.from({ length: 11 }, () => job.spec.variant));
  });

  test("one that answers only after a while is waited for, before anything else is asked", async () => {
    const all = await world();
    let asked = 0;
    all.answer = (variant) =>
      variant !== "prompted" && ++asked < 4 ? refused(404, "not yet") : answered("x");
    expect((await trained(all.tuner())).state).toBe("succeeded");
    expect(all.asked.slice(0, 4)).not.toContain("prompted");
  });

  test("a configuration that lacks the control, or can't be read, is waited for", async () => {
    const all = await world({ timing: { patienceMs: 20 } });
    const tuner = all.tuner();
    all.provider.at = (moment) => {
      if (moment === "after observe")
        all.configure(
          config({ variants: { plain: { model: "base" } }, routes: { ask: { default: "plain" } } }),
        );
    };
    const { id } = await tuner.start(await tuner.plan(QUESTION), false);
    const working = tuner.work(id, AbortSignal.timeout(20_000));
    const last = async () => (await tuner.job(id))?.journal.at(-1)?.message;
    await until(async () => (await last())?.includes("prompted"));
    all.provider.at = () => {};
    const { preview } = all.registry;
    all.registry.preview = () => {
      throw new ConfigError([{ file: "x.yaml", line: 1, column: 1, key: "", message: "half a file" }]);
    };
    await until(async () => (await last())?.includes("half a file"));
    all.configure(config());
    all.registry.preview = preview;
    const job = await working;
    expect([job.state, job.problem]).toEqual(["succeeded", null]);
    expect(job.journal.filter(({ kind }) => kind === "problem")).toHaveLength(2);
  });

  test("a job whose provider is gone can be cancelled, and does not wait beyond its deadline", async () => {
    for (const isCancelled of [true, false]) {
      const all = await world({ timing: { patienceMs: 20 } });
      const tuner = all.tuner();
      all.provider.script = [seen("running")];
      const { id } = await tuner.start(await tuner.plan(QUESTION), false);
      const working = tuner.work(id, AbortSignal.timeout(20_000));
      await until(async () => (await tuner.job(id))?.remote.status === "running");
      const providers = { other: { kind: "openai", apiKey: SECRET } };
      const models = { base: { provider: "other", model: "m" } };
      all.configure(config({ providers, models }));
      await until(async () =>
        (await tuner.job(id))?.journal.some(({ message }) => message.includes("main is gone")),
      );
      if (isCancelled) await tuner.cancel(id);
      else all.configure(config({ providers, models, tuning: { pollSeconds: 0.01, deadlineHours: 1e-9 } }));
      const job = await working;
      expect([job.state, job.problem?.code]).toEqual(
        isCancelled ? ["cancelled", undefined] : ["manual", "timeout"],
      );
    }
  });
});

function without(value: unknown, name: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([key]) => key !== name));
}
