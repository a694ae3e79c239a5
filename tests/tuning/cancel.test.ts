import { expect, test } from "vitest";
import type { TuningQuestion } from "../../src/tuning/tuning.ts";
import { until } from "../support/until.ts";
import { problem, seen } from "./fake-provider.ts";
import { answered, config, examples, QUESTION, type World, world } from "./world.ts";

const AZURE = {
  ...QUESTION,
  provider: "cloud",
  training: { kind: "text", text: `\uFEFF${examples(12)}` },
  validation: undefined,
} as const;

/** Begins a job, and asks for its end when it comes to the moment. */
async function cancelledAt(all: World, moment: string, question: TuningQuestion = QUESTION) {
  const tuner = all.tuner();
  const { id } = await tuner.start(await tuner.plan(question), false);
  const before = all.provider.at;
  let asked: Promise<unknown> | undefined;
  all.provider.at = async (at) => {
    if (at === moment) {
      asked ??= tuner.cancel(id);
      await asked;
    }
    await before(at);
  };
  return tuner.work(id, AbortSignal.timeout(20_000));
}

test("before the provider has the job, nothing is created", async () => {
  const all = await world();
  const job = await cancelledAt(all, "before upload");
  expect([job.state, job.cancel_asked]).toEqual(["cancelled", true]);
  expect(all.provider.effects).not.toContain("create");
  const other = await world();
  expect((await cancelledAt(other, "after find")).state).toBe("cancelled");
  expect(other.provider.effects).not.toContain("create");
});

test("a job that was just created is cancelled at the provider", async () => {
  const all = await world();
  all.provider.script = [seen("running")];
  const job = await cancelledAt(all, "after create");
  expect(job.state).toBe("cancelled");
  expect(all.provider.effects.slice(-2)).toEqual(["create", "cancel"]);
});

test("where the answer was lost, what was created is found and cancelled", async () => {
  const all = await world({ timing: { graceMs: 5_000 } });
  all.provider.script = [seen("running")];
  let lost = 0;
  all.provider.blind = 3;
  all.provider.at = (moment) => {
    if (moment === "after create" && lost++ === 0) throw problem("unknown");
  };
  const job = await cancelledAt(all, "after create");
  expect([job.state, all.provider.effects.at(-1)]).toEqual(["cancelled", "cancel"]);
});

test("a training is cancelled at the provider, and seen to its end", async () => {
  const all = await world();
  all.provider.script = [seen("running")];
  const job = await cancelledAt(all, "after observe");
  expect([job.state, job.remote.status]).toEqual(["cancelled", "cancelled"]);
  expect(all.provider.effects.at(-1)).toBe("cancel");
  expect(all.ended).toEqual(["main cancelled"]);
});

test("a training that was done before ends as cancelled too, and the model is told of", async () => {
  const all = await world();
  all.provider.script = [seen("running"), seen("succeeded")];
  const job = await cancelledAt(all, "after observe");
  expect(job.state).toBe("cancelled");
  expect(job.journal.at(-1)?.message).toContain("ft:tuned-model");
  expect(all.registered).toEqual([]);
});

test("a deployment that is on its way is removed", async () => {
  const all = await world();
  all.provider.deploying = [{ phase: "creating", status: "Creating", message: undefined }];
  const job = await cancelledAt(all, "after deploy", AZURE);
  expect([job.state, all.provider.deployments.size]).toEqual(["cancelled", 0]);
  expect(all.provider.effects.at(-1)).toBe(`remove crossover-${job.id}`);
});

test("an evaluation stops", async () => {
  const all = await world();
  const tuner = all.tuner();
  const { id } = await tuner.start(await tuner.plan(QUESTION), false);
  let asked = false;
  all.answer = () => {
    if (!asked) void tuner.cancel(id);
    asked = true;
    return answered("x");
  };
  const job = await tuner.work(id, AbortSignal.timeout(20_000));
  expect([job.state, job.registered, all.registered]).toEqual(["cancelled", false, []]);
});

test("a wish from another process is heard while a job waits for its next look", async () => {
  const all = await world({
    config: { ...config(), tuning: { pollSeconds: 3600 } },
    timing: { leaseMs: 60 },
  });
  all.provider.script = [seen("running")];
  const [worker, other] = [all.tuner(), all.tuner()];
  const { id } = await worker.start(await worker.plan(QUESTION), false);
  const working = worker.work(id, AbortSignal.timeout(20_000));
  await until(async () => (await worker.job(id))?.remote.status === "running");
  await other.cancel(id);
  await until(() => all.provider.effects.includes("cancel"));
  expect((await working).state).toBe("cancelled");
});

test("there is nothing to cancel of a job that has ended, or that is none", async () => {
  const all = await world();
  const job = await cancelledAt(all, "before upload");
  await expect(all.tuner().cancel(job.id)).rejects.toMatchObject({ status: 409, code: "tuning_job_ended" });
  await expect(all.tuner().cancel("tj-none")).rejects.toMatchObject({ status: 404 });
  await expect(all.tuner().work("tj-none", AbortSignal.timeout(1_000))).rejects.toMatchObject({
    status: 404,
  });
});
