import { createHash } from "node:crypto";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { HUB_TOKEN, startHuggingFaceHub } from "../support/huggingface-hub.ts";
import { config, examples, QUESTION, SECRET, trained, world } from "./world.ts";

test("what is left out is found in the configuration", async () => {
  const all = await world();
  const plan = await all.tuner().plan(QUESTION);
  expect(plan.jobId).toMatch(/^tj-[0-9a-f]{12}$/);
  expect(plan.spec).toMatchObject({
    route: "ask",
    provider: "main",
    api: "openai",
    simulated: false,
    base_model: "gpt-4.1-mini",
    control: "prompted",
    model: `ask-${plan.jobId}`,
    variant: `ask-${plan.jobId}`,
    hyperparameters: { n_epochs: null, batch_size: null, learning_rate_multiplier: null },
    training: { name: "train.jsonl", rows: 12 },
    validation: { name: "validation.jsonl", rows: 5 },
  });
  expect(plan.spec.training.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(plan.estimate).toMatchObject({ epochs: 8, seconds: null });
  expect(plan.estimate.usd).toBeCloseTo((plan.estimate.billed_tokens / 1e6) * 5);
  expect(plan.estimate.basis).toContain("How long it takes is not known");
  expect([plan.earlier, plan.notes]).toEqual([[], []]);
  expect(all.provider.calls).toEqual([]);
  expect(await all.folders.list()).toEqual([]);
});

test("what is given counts", async () => {
  const all = await world();
  const { spec, estimate, fingerprint } = await all.tuner().plan({
    ...QUESTION,
    baseModel: "gpt-4o-mini",
    control: "plain",
    model: "mine",
    variant: "mine-too",
    epochs: 2,
    batchSize: 4,
    learningRateMultiplier: 0.5,
    suffix: "acme",
    seed: 7,
    usdPerMillion: 1_000_000,
  });
  expect(spec).toMatchObject({
    base_model: "gpt-4o-mini",
    control: "plain",
    model: "mine",
    variant: "mine-too",
    hyperparameters: { n_epochs: 2, batch_size: 4, learning_rate_multiplier: 0.5 },
    suffix: "acme",
    seed: 7,
  });
  expect([estimate.epochs, estimate.usd]).toEqual([2, estimate.billed_tokens]);
  const suffixed = { ...QUESTION, baseModel: "gpt-4o-mini", control: "plain", epochs: 2, batchSize: 4 };
  const other = await all.tuner().plan({ ...suffixed, learningRateMultiplier: 0.5, seed: 7, suffix: "b" });
  expect(other.fingerprint).toBe(fingerprint);
  expect((await all.tuner().plan({ ...suffixed, seed: 8 })).fingerprint).not.toBe(fingerprint);
});

test("a provider is named by itself, or by its kind where it is the only one", async () => {
  const all = await world();
  const tuner = all.tuner();
  expect((await tuner.plan({ ...QUESTION, provider: "openai" })).spec.provider).toBe("main");
  await expect(tuner.plan({ ...QUESTION, provider: "azure" })).rejects.toMatchObject({
    code: "ambiguous_provider",
    message: /`cloud`, `bare`/,
  });
  await expect(tuner.plan({ ...QUESTION, provider: "local" })).rejects.toMatchObject({
    code: "provider_cannot_train",
  });
  for (const provider of ["huggingface", "simulator", "nobody", "constructor"])
    await expect(tuner.plan({ ...QUESTION, provider })).rejects.toMatchObject({
      code: "unknown_provider",
      message: /`main`, `cloud`, `bare`/,
    });
  all.configure(config({ tuning: { provider: "cloud" } }));
  expect((await tuner.plan(QUESTION)).spec.provider).toBe("cloud");
});

test("a data set for Azure needs no byte-order mark, and is the same with one", async () => {
  const all = await world({ config: config({ tuning: { provider: "cloud" } }) });
  const tuner = all.tuner();
  const text = examples(12);
  const plain = await tuner.plan({ ...QUESTION, training: { kind: "text", text } });
  const marked = await tuner.plan({ ...QUESTION, training: { kind: "text", text: `\uFEFF${text}` } });
  expect(marked.spec.training).toEqual(plain.spec.training);
  expect(marked.fingerprint).toBe(plain.fingerprint);
  expect(plain.spec.training).toMatchObject({
    bytes: Buffer.byteLength(text) + 3,
    sha256: createHash("sha256").update(text).digest("hex"),
  });
  for (const { reports } of [plain, marked])
    expect(Object.keys(reports.training.counts).filter((code) => code.endsWith("_bom"))).toEqual([]);
  for (const plan of [plain, marked]) {
    const { id } = await tuner.start(plan, true);
    const copy = await (await all.folders.open(id, "train.jsonl")).arrayBuffer();
    expect(Buffer.from(copy).toString()).toBe(`\uFEFF${text}`);
    await tuner.cancel(id);
    await tuner.work(id, AbortSignal.timeout(20_000));
  }
  all.configure(config());
  const elsewhere = await tuner.plan({ ...QUESTION, training: { kind: "text", text: `\uFEFF${text}` } });
  expect(elsewhere.reports.training.counts).toMatchObject({ unexpected_bom: 1 });
  expect(elsewhere.spec.training.sha256).toBe(plain.spec.training.sha256);
});

test.each([
  [{ route: "other" }, "unknown_route"],
  [{ route: "none" }, "no_control"],
  [{ control: "other" }, "unknown_variant"],
  [{ model: "base" }, "name_taken"],
  [{ variant: "plain" }, "name_taken"],
  [{ model: "no good" }, "invalid_value"],
  [{ training: { kind: "file", path: "/nowhere/train.jsonl" } as const }, "dataset_unreadable"],
])("refuses %j", async (wrong, code) => {
  const all = await world();
  await expect(all.tuner().plan({ ...QUESTION, ...wrong })).rejects.toMatchObject({ status: 400, code });
});

test.each([
  [{ epochs: 0 }, "hyperparameters.n_epochs", /whole number from 1 to 50/],
  [{ epochs: 1.5 }, "hyperparameters.n_epochs", /whole number/],
  [{ epochs: 1e9 }, "hyperparameters.n_epochs", /1 to 50/],
  [{ batchSize: 257 }, "hyperparameters.batch_size", /1 to 256/],
  [{ learningRateMultiplier: Number.NaN }, "hyperparameters.learning_rate_multiplier", /at most 100/],
  [{ learningRateMultiplier: 101 }, "hyperparameters.learning_rate_multiplier", /at most 100/],
  [{ suffix: "x".repeat(3_000) }, "suffix", /1 to 64/],
  [{ suffix: "" }, "suffix", /1 to 64/],
  [{ suffix: "two\nlines" }, "suffix", /letters/],
  [{ suffix: "x".repeat(41), provider: "cloud" }, "suffix", /1 to 40/],
  [{ seed: 2 ** 31 }, "seed", /whole number/],
  [{ usdPerMillion: -1 }, "usd_per_million", /0 or more/],
])("what is asked for keeps to limits: %j", async (wrong, param, message) => {
  const all = await world();
  const refusal = { status: 400, code: "invalid_value", param, message };
  await expect(all.tuner().plan({ ...QUESTION, ...wrong })).rejects.toMatchObject(refusal);
});

test("a rehearsal keeps to the provider's limits, and tells what it leaves out", async () => {
  const all = await world();
  const { providers } = config();
  const azure = { kind: "azure-openai", endpoint: "https://acme.openai.azure.com" };
  const without = { apiKey: "", withoutKey: "simulator" };
  const rehearsed = {
    a: { ...azure, ...without },
    hf: { kind: "huggingface", ...without },
    o: { kind: "openai", ...without },
  };
  all.configure(config({ providers: { ...Object(providers), ...rehearsed } }));
  const planAt = (provider: string, suffix: string, baseModel?: string) =>
    all.tuner().plan({ ...QUESTION, provider, suffix, baseModel });
  await expect(planAt("a", "x".repeat(41))).rejects.toMatchObject({ param: "suffix", message: /1 to 40/ });
  const told = (text: string) => [
    expect.stringMatching(/^The built-in simulator/),
    expect.stringContaining(text),
  ];
  expect((await planAt("a", "x")).notes).toEqual(told("At a itself a deployment would be made"));
  expect((await planAt("hf", "x", "Qwen/Qwen3-0.6B")).notes).toEqual(told("At hf itself hardware"));
  expect((await planAt("o", "x".repeat(64))).notes).toHaveLength(1);
});

test("the longest suffix is taken", async () => {
  const all = await world();
  const { spec } = await all.tuner().plan({ ...QUESTION, suffix: "Az-_".repeat(16) });
  expect(spec.suffix).toHaveLength(64);
});

test("a variant that rules use is taken only with the configuration's leave, and is live then", async () => {
  const all = await world({ config: config({ tuning: { pollSeconds: 0.01, replaceLive: true } }) });
  const job = await trained(all.tuner(), { ...QUESTION, variant: "prompted" });
  expect(job).toMatchObject({
    state: "succeeded",
    proposal: null,
    evaluation: { control: { variant: "prompted" } },
  });
  expect(job.evaluation?.candidate.variant).not.toBe("prompted");
  expect(all.registered[0]?.variant.name).toBe("prompted");
});

test("errors of a data set are told by line, and never by their texts", async () => {
  const bad = ["{}", '{"messages": [{"role": "user", "content": "SECRET WORDS"}]}', "no json SECRET"].join(
    "\n",
  );
  const all = await world();
  const refusal = await all
    .tuner()
    .plan({ ...QUESTION, training: { kind: "text", text: bad } })
    .catch((error: unknown) => error);
  expect(refusal).toMatchObject({ status: 400, code: "invalid_dataset", param: "training" });
  const message = String(refusal);
  expect(message).toMatch(/\d+ errors/);
  expect(message).toContain("line 3: invalid_json");
  expect(message).not.toContain("SECRET");
  await expect(
    all.tuner().plan({ ...QUESTION, validation: { kind: "text", text: bad } }),
  ).rejects.toMatchObject({ param: "validation" });
});

test("a file of a name is told by it, and how to see all of its errors", async () => {
  const all = await world();
  const path = join(all.folders.pathOf("x", ".."), "..", "my bad.jsonl");
  writeFileSync(path, "{}");
  const tuner = all.tuner();
  const bad = { kind: "file", path, name: "sets/my bad.jsonl" } as const;
  await expect(tuner.plan({ ...QUESTION, training: bad })).rejects.toThrow(
    /^sets\/my bad\.jsonl has \d+ errors?; `crossover dataset validate 'sets\/my bad\.jsonl'` shows all\.\n/,
  );
  const absent = { kind: "file", path: `${path}.none`, name: "sets/absent.jsonl" } as const;
  await expect(tuner.plan({ ...QUESTION, validation: absent })).rejects.toThrow(
    /^sets\/absent\.jsonl can't be read: there is no such file\.$/,
  );
});

test("the time is reckoned from earlier jobs of the same model", async () => {
  const all = await world();
  all.provider.at = async (moment) => {
    // The training takes a moment.
    const until = Date.now() + 30;
    while (moment === "before observe" && Date.now() < until) await new Promise(setImmediate);
  };
  const tuner = all.tuner();
  await trained(tuner);
  const plan = await tuner.plan({ ...QUESTION, seed: 2 });
  expect(plan.estimate.seconds).toBeGreaterThan(0);
  expect(plan.estimate.basis).toContain("an earlier job");
  expect((await tuner.plan({ ...QUESTION, baseModel: "gpt-4o" })).estimate.seconds).toBeNull();
});

test("what should be known is told beforehand", async () => {
  const all = await world();
  const text = `\uFEFF${examples(12)}`;
  const azure = { ...QUESTION, training: { kind: "text", text } as const, validation: undefined };
  const [cloud, bare] = await Promise.all(
    ["cloud", "bare"].map((provider) => all.tuner().plan({ ...azure, provider })),
  );
  expect(cloud?.notes.join()).toMatch(/no validation file.*costs by the hour/);
  expect(bare?.notes.join()).toMatch(/no `management`/);
});

test("system messages of the training file are told in the plan and the journal", async () => {
  const all = await world();
  const text = examples(12).replaceAll(
    '"messages":[',
    '"messages":[{"role":"system","content":"You are a clerk."},',
  );
  const tuner = all.tuner();
  const plan = await tuner.plan({ ...QUESTION, training: { kind: "text", text } });
  expect(plan.notes).toEqual([
    expect.stringMatching(/^12 of 12 training rows have a system message.*bare: keep/),
  ]);
  expect((await tuner.start(plan, false)).journal.map(({ message }) => message)).toContain(plan.notes[0]);
});

describe("a base model that its provider can't have is refused:", () => {
  const { providers: ours } = config();
  const providers = {
    ...Object(ours),
    hf: { kind: "huggingface", apiKey: HUB_TOKEN, tuning: { hubURL: "http://127.0.0.1:1" } },
    "hf-simulated": { kind: "huggingface", apiKey: "", withoutKey: "simulator" },
    "openai-simulated": { kind: "openai", apiKey: "", withoutKey: "simulator" },
    "openai-eu": { kind: "openai", apiKey: SECRET, baseURL: "https://eu.api.openai.com/v1" },
    proxy: { kind: "openai", apiKey: SECRET, baseURL: "http://127.0.0.1:1/v1/" },
    sim: { kind: "simulator" },
  };
  const models = {
    base: { provider: "main", model: "gpt-4.1-mini" },
    qwen: { provider: "hf", model: "Qwen/Qwen3-0.6B" },
    own: { provider: "local", model: "llama3" },
  };
  const planOf = async (provider: string, baseModel?: string) => {
    const all = await world();
    all.configure(config({ providers, models }));
    return all.tuner().plan({ ...QUESTION, provider, baseModel });
  };

  test.each([
    ["hf", undefined, /^`gpt-4.1-mini` is no model that `hf` could train: .*`--base`.*Qwen\/Qwen3-0.6B/],
    ["hf", "base", /gpt-4.1-mini/],
    ["hf", "gpt-4o-mini-2024-07-18", /gpt-4o-mini/],
    ["hf", "own", /llama3/],
    ["hf", "https://abc.endpoints.huggingface.cloud", /Qwen/],
    ["hf-simulated", undefined, /gpt-4.1-mini/],
    ["main", "qwen", /such as gpt-4.1-mini/],
    ["openai-eu", "openai/gpt-4.1-mini", /such as gpt-4.1-mini/],
    ["cloud", "Qwen/Qwen3-0.6B", /`cloud` could train/],
    ["openai-simulated", "qwen", /such as gpt-4.1-mini/],
  ])("%s, %s", async (provider, baseModel, message) => {
    const refusal = { status: 400, code: "unknown_base_model", param: "base_model", message };
    await expect(planOf(provider, baseModel)).rejects.toMatchObject(refusal);
  });

  test.each([
    ["hf", "qwen", "Qwen/Qwen3-0.6B"],
    ["hf", "HuggingFaceTB/SmolLM2-135M-Instruct", "HuggingFaceTB/SmolLM2-135M-Instruct"],
    ["hf-simulated", "qwen", "Qwen/Qwen3-0.6B"],
    ["sim", "qwen", "Qwen/Qwen3-0.6B"],
    ["proxy", "openai/gpt-4.1-mini", "openai/gpt-4.1-mini"],
    ["sim", undefined, "gpt-4.1-mini"],
    ["main", "ft:gpt-4.1-mini-2025-04-14:acme::1", "ft:gpt-4.1-mini-2025-04-14:acme::1"],
  ])("not %s, %s", async (provider, baseModel, trained) => {
    expect((await planOf(provider, baseModel)).spec.base_model).toBe(trained);
  });
});

describe("at Hugging Face", () => {
  const planAt = async (hubURL: string) => {
    const all = await world();
    const { providers, models } = config();
    const provider = { kind: "huggingface", apiKey: HUB_TOKEN, tuning: { hubURL, timeoutHours: 4 } };
    all.configure(config({ providers: { ...Object(providers), hf: provider }, models }));
    return all.tuner().plan({ ...QUESTION, provider: "hf", baseModel: "Qwen/Qwen3-0.6B" });
  };

  test("what an hour costs and a job at most is told, and that an endpoint sleeps", async () => {
    const hub = await startHuggingFaceHub();
    const { estimate, notes } = await planAt(hub.url);
    expect(estimate).toMatchObject({ usd: null, usd_per_hour: 1, usd_most: 4 });
    expect(estimate.basis).toContain("USD 1 an hour of a10g-small by Hugging Face's list");
    expect(notes.join()).toMatch(/while it is awake.*sleeps after 15 minutes/);
  });

  test("a list that can't be had leaves the price unknown", async () => {
    const { estimate } = await planAt("http://127.0.0.1:1");
    expect(estimate).toMatchObject({ usd_per_hour: null, usd_most: null });
    expect(estimate.basis).toContain("could not be found out");
  });
});

describe("beginning", () => {
  test("the files are copied for the owner alone, and the job is in the store", async () => {
    const all = await world();
    const path = join(all.folders.pathOf("x", ".."), "..", "given.jsonl");
    writeFileSync(path, examples(12));
    const tuner = all.tuner();
    const job = await tuner.start(await tuner.plan({ ...QUESTION, training: { kind: "file", path } }), false);
    expect(job).toMatchObject({ state: "uploading", journal: [{ kind: "step" }] });
    expect(await tuner.job(job.id)).toEqual(job);
    expect(await tuner.jobs({ limit: 5 })).toEqual([job]);
    expect(await tuner.jobs({ route: "none", limit: 5 })).toEqual([]);
    for (const name of ["train.jsonl", "validation.jsonl"])
      expect(statSync(all.folders.pathOf(job.id, name)).mode & 0o777).toBe(0o600);
    expect(statSync(all.folders.pathOf(job.id, "")).mode & 0o777).toBe(0o700);
  });

  test("the same twice is refused: an open one always, one that succeeded unless it is forced", async () => {
    const all = await world();
    const tuner = all.tuner();
    const plans = await Promise.all([1, 2, 3].map(() => tuner.plan(QUESTION)));
    const begun = await Promise.allSettled(plans.map((plan) => tuner.start(plan, true)));
    expect(begun.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const one of begun)
      if (one.status === "rejected")
        expect(one.reason).toMatchObject({ status: 409, code: "tuning_job_exists" });
    const [first] = await tuner.jobs({ limit: 5 });
    await tuner.work(first?.id ?? "", AbortSignal.timeout(20_000));
    const again = await tuner.plan(QUESTION);
    expect(again.earlier.map(({ id }) => id)).toEqual([first?.id]);
    await expect(tuner.start(again, false)).rejects.toMatchObject({ status: 409, message: /Force/ });
    expect((await tuner.start(again, true)).state).toBe("uploading");
    const refused = plans.filter(({ jobId }) => jobId !== first?.id);
    for (const { jobId } of refused) expect(await all.folders.has(jobId)).toBe(false);
  });

  test("a file that changed since it was checked is refused", async () => {
    const all = await world();
    const path = join(all.folders.pathOf("x", ".."), "..", "given.jsonl");
    writeFileSync(path, examples(12));
    const tuner = all.tuner();
    const plan = await tuner.plan({ ...QUESTION, training: { kind: "file", path } });
    writeFileSync(path, examples(12, 50));
    await expect(tuner.start(plan, false)).rejects.toMatchObject({ status: 409, code: "dataset_changed" });
    expect(await all.folders.has(plan.jobId)).toBe(false);
    expect(await tuner.jobs({ limit: 5 })).toEqual([]);
  });

  test("no secret is in what is stored", async () => {
    const all = await world();
    const { id } = await trained(all.tuner());
    expect((await all.store.tuningJob(id))?.document).not.toContain(SECRET);
  });
});
