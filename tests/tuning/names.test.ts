import { expect, test } from "vitest";
import { trainedName } from "../../src/datasets/tunable-models.ts";
import { config, examples, QUESTION, trained, world } from "./world.ts";

const OTHER = { ...QUESTION, training: { kind: "text", text: examples(12, 60) } } as const;
const replacing = (more: object = {}) =>
  config({ tuning: { pollSeconds: 0.01, replaceLive: true }, ...more });

test.each(["model", "variant"] as const)("one open job alone makes a %s of a name", async (part) => {
  const all = await world();
  const tuner = all.tuner();
  const planned = await tuner.plan({ ...OTHER, [part]: "mine" });
  const first = await tuner.start(await tuner.plan({ ...QUESTION, [part]: "mine" }), false);
  const refusal = { status: 400, code: "name_taken", param: part, message: `The open job ${first.id}` };
  await expect(tuner.plan({ ...OTHER, [part]: "mine" })).rejects.toMatchObject({
    ...refusal,
    message: expect.stringContaining(refusal.message),
  });
  await expect(tuner.start(planned, true)).rejects.toMatchObject({ code: "name_taken" });
  expect(await all.folders.has(planned.jobId)).toBe(false);
  // The very same is another matter.
  await expect(tuner.start(await tuner.plan({ ...QUESTION, [part]: "mine" }), false)).rejects.toMatchObject({
    code: "tuning_job_exists",
  });
  await tuner.cancel(first.id);
  await tuner.work(first.id, AbortSignal.timeout(20_000));
  expect((await tuner.start(planned, false)).spec[part]).toBe("mine");
});

test("a name that is taken while the job trains waits for a person, who gives another", async () => {
  const all = await world();
  const tuner = all.tuner();
  all.provider.at = (moment) => {
    const { variants } = config();
    if (moment === "before observe")
      all.configure(config({ variants: { ...Object(variants), mine: { model: "base" } } }));
  };
  const job = await trained(tuner, { ...QUESTION, variant: "mine" });
  expect(job).toMatchObject({ state: "manual", problem: { message: /another variant `mine`/ } });
  expect(job.problem?.hint).toContain("--variant NAME");
  expect(all.asked).toEqual([]);
  await expect(tuner.register(job.id, "ft:tuned-model", { variant: "plain" })).rejects.toMatchObject({
    code: "name_taken",
  });
  await tuner.register(job.id, "ft:tuned-model", { variant: "mine-too" });
  const done = await tuner.work(job.id, AbortSignal.timeout(20_000));
  expect(done).toMatchObject({ state: "succeeded", spec: { variant: "mine-too", model: job.spec.model } });
  expect(all.registered.map(({ variant }) => variant.name)).toEqual(["mine-too"]);
});

test("a variant is replaced by a job of a route that uses it alone, and other routes that use it are told", async () => {
  const all = await world({ config: replacing() });
  const { spec, notes } = await all.tuner().plan({ ...QUESTION, variant: "plain" });
  expect(spec.replaces).toBe(true);
  expect(notes.join("\n")).toMatch(
    /takes the place of the variant plain.*\n.*Other routes use plain too: none\./,
  );
  expect((await all.tuner().plan({ ...QUESTION, variant: "prompted" })).notes.join()).not.toContain("too:");
  expect((await all.tuner().plan(QUESTION)).spec.replaces).toBe(false);
  await expect(
    all.tuner().plan({ ...QUESTION, route: "none", control: "plain", variant: "prompted" }),
  ).rejects.toMatchObject({ code: "name_taken" });
});

test("a variant that is replaced is compared as it is now", async () => {
  const all = await world({ config: replacing() });
  const preview = all.registry.preview;
  // As on disk: the preview has the tuned model under the variant's name.
  all.registry.preview = (registration) => {
    const table = preview(registration);
    const candidate = table.variants.get(registration.variant.name);
    return candidate === undefined
      ? table
      : { ...table, variants: new Map([...table.variants, ["prompted", candidate]]) };
  };
  const job = await trained(all.tuner(), { ...QUESTION, variant: "prompted" });
  expect(job.evaluation?.control.variant).toBe("prompted");
  expect(all.asked.filter((name) => name === "prompted")).toHaveLength(5);
  expect(all.registered).toMatchObject([{ variant: { name: "prompted" }, replaces: true }]);
});

test("jobs are the same that train the same: a model's dated name counts, what measures does not, nor does a simulation", async () => {
  const all = await world();
  const tuner = all.tuner();
  const { fingerprint } = await tuner.plan(QUESTION);
  const same = [
    { ...QUESTION, baseModel: trainedName("gpt-4.1-mini", "openai") },
    { ...QUESTION, validation: undefined },
    { ...QUESTION, validation: { kind: "text", text: examples(6, 200) } as const },
  ];
  for (const question of same) expect((await tuner.plan(question)).fingerprint).toBe(fingerprint);
  expect((await tuner.plan(OTHER)).fingerprint).not.toBe(fingerprint);
  const { providers } = config();
  all.configure(
    config({
      providers: { ...Object(providers), main: { kind: "openai", apiKey: "", withoutKey: "simulator" } },
    }),
  );
  const simulated = await tuner.plan(QUESTION);
  expect(simulated.spec.simulated).toBe(true);
  expect(simulated.fingerprint).not.toBe(fingerprint);
});
