import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { answered, config, QUESTION, refused, trained, type World, world } from "./world.ts";

const REPLACING = { ...QUESTION, variant: "prompted" };

const live = (): Promise<World> =>
  world({ config: config({ tuning: { pollSeconds: 0.01, replaceLive: true } }) });

const right = (query: string) => answered(query.replace("Question", "Answer").replace("?", "."));

test("a model that did worse waits for a person, who may have it registered all the same", async () => {
  const all = await live();
  all.answer = (variant, query) => (variant === "prompted" ? right(query) : answered("no"));
  const tuner = all.tuner();
  const job = await trained(tuner, REPLACING);
  expect(job).toMatchObject({
    state: "manual",
    evaluation: { control: { exact: 1 }, candidate: { exact: 0 } },
    problem: {
      state: "registering",
      message:
        "prompted is not replaced by itself: the tuned model gives 0% of the expected answers, the control 100%.",
    },
  });
  expect(job.problem?.hint).toContain(`crossover tune resume ${job.id}`);
  expect(all.registered).toEqual([]);
  const asked = all.asked.length;
  await tuner.resume(job.id);
  expect((await tuner.work(job.id, AbortSignal.timeout(20_000))).state).toBe("succeeded");
  expect(all.registered[0]).toMatchObject({ variant: { name: "prompted" }, replaces: true });
  expect(all.asked).toHaveLength(asked);
});

test.each(["main", "cloud"])(
  "one at %s that a person gives up is never live, and its deployment is removed",
  async (provider) => {
    const all = await live();
    all.answer = (variant, query) => (variant === "prompted" ? right(query) : answered("no"));
    const tuner = all.tuner();
    const job = await trained(tuner, { ...REPLACING, provider });
    expect(job.state).toBe("manual");
    await tuner.cancel(job.id);
    expect((await tuner.work(job.id, AbortSignal.timeout(20_000))).state).toBe("cancelled");
    expect([all.registered, all.provider.deployments.size]).toEqual([[], 0]);
  },
);

test("one that did as well takes the variant's place", async () => {
  const all = await live();
  all.answer = (_variant, query) => right(query);
  expect((await trained(all.tuner(), REPLACING)).state).toBe("succeeded");
});

test("one whose answers are free text does not: nothing says how good they are", async () => {
  const all = await live();
  all.answer = (variant, query) => answered(`${variant} says something about ${query}`);
  const job = await trained(all.tuner(), REPLACING);
  expect([job.state, job.problem?.message]).toEqual(["manual", expect.stringContaining("word for word")]);
  expect(all.registered).toEqual([]);
});

test("one that leaves rows without an answer does not", async () => {
  const all = await live();
  all.answer = (variant, query) =>
    variant !== "prompted" && query.includes("101") ? refused(400) : right(query);
  const job = await trained(all.tuner(), REPLACING);
  expect([job.state, job.problem?.message]).toEqual([
    "manual",
    expect.stringContaining("left 20% of its rows"),
  ]);
});

test("nor one that could not be compared, as its validation file is gone", async () => {
  const all = await live();
  const tuner = all.tuner();
  const { id } = await tuner.start(await tuner.plan(REPLACING), false);
  all.provider.at = (moment) => {
    if (moment === "before observe") rmSync(all.folders.pathOf(id, "validation.jsonl"), { force: true });
  };
  const job = await tuner.work(id, AbortSignal.timeout(20_000));
  expect([job.state, job.problem?.message]).toEqual(["manual", expect.stringContaining("was not compared")]);
  expect(all.registered).toEqual([]);
});

test.each([
  ["without a validation file", undefined],
  ["with one that is trained on", QUESTION.training],
])("%s such a job is not begun", async (_, validation) => {
  const all = await live();
  await expect(all.tuner().plan({ ...REPLACING, validation })).rejects.toMatchObject({
    status: 400,
    code: "validation_needed",
    param: "variant",
  });
});

test("under a name of its own a model that did worse is registered, since no rule uses it", async () => {
  const all = await live();
  all.answer = (variant, query) => (variant === "prompted" ? right(query) : answered("no"));
  expect((await trained(all.tuner())).state).toBe("succeeded");
});
