import { describe, expect, test } from "vitest";
import { TIMING } from "../../src/tuning/deps.ts";
import { TIMEOUT_MS as HUGGING_FACE_TIMEOUT_MS } from "../../src/tuning/huggingface-client.ts";
import { type TuningJob, tuningJob } from "../../src/tuning/job.ts";
import { TIMEOUT_MS } from "../../src/tuning/openai-client.ts";
import type { Tuner } from "../../src/tuning/tuner.ts";
import type { TuningQuestion } from "../../src/tuning/tuning.ts";
import { until } from "../support/until.ts";
import { problem, seen } from "./fake-provider.ts";
import { config, examples, QUESTION, SECRET, trained, type World, world } from "./world.ts";

const AZURE: TuningQuestion = {
  ...QUESTION,
  provider: "cloud",
  training: { kind: "text", text: examples(12) },
  validation: { kind: "text", text: examples(5, 100) },
};

const REFUSED = () => problem("final", "The provider does not accept the API key.", "no", 401);

function deadline(ms: number) {
  return config({ tuning: { pollSeconds: 0.01, deadlineHours: ms / 3_600_000 } });
}

function work(tuner: Tuner, id: string): Promise<TuningJob> {
  return tuner.work(id, AbortSignal.timeout(20_000));
}

/** A job that is in training, and that nobody works on. */
async function leftTraining(all: World): Promise<{ readonly tuner: Tuner; readonly id: string }> {
  const tuner = all.tuner();
  const { id } = await tuner.start(await tuner.plan(QUESTION), false);
  const leaving = new AbortController();
  all.provider.at = (moment) => {
    if (moment === "after create") setTimeout(() => leaving.abort(new Error("left")));
    if (moment === "before observe") leaving.abort(new Error("left"));
  };
  await until(async () => {
    await tuner.work(id, leaving.signal).catch(() => {});
    return (await tuner.job(id))?.state === "training";
  });
  all.provider.at = () => {};
  return { tuner, id };
}

function messages({ journal }: TuningJob): readonly string[] {
  return journal.map(({ message }) => message);
}

describe("what trains at the provider is paid for", () => {
  test.each([
    ["a provider that fails", () => problem("temporary", "busy")],
    ["a key that is refused", REFUSED],
    ["a right that is gone", () => problem("final", "forbidden", "no", 403)],
  ])("%s is waited for beyond all patience, and shown meanwhile", async (_name, error) => {
    const all = await world({ timing: { patienceMs: 1 } });
    let tries = 0;
    all.provider.at = (moment) => {
      if (moment === "before observe" && tries++ < 12) throw error();
    };
    const tuner = all.tuner();
    const { id } = await tuner.start(await tuner.plan(QUESTION), false);
    const working = work(tuner, id);
    await until(async () => (await tuner.job(id))?.problem?.message === error().message);
    const job = await working;
    expect([job.state, job.problem, tries > 12]).toEqual(["succeeded", null, true]);
    expect(messages(job).filter((message) => message === error().message)).toHaveLength(1);
    expect(all.provider.effects.filter((effect) => effect === "create")).toHaveLength(1);
  });

  test("a job that the provider does not know waits for a person, and goes on where it was", async () => {
    const all = await world();
    let isSwapped = true;
    all.provider.at = (moment) => {
      if (moment === "before observe" && isSwapped) throw problem("final", "not found", "no", 404);
    };
    const tuner = all.tuner();
    const job = await trained(tuner);
    expect(job).toMatchObject({ state: "manual", problem: { state: "training", status: 404 } });
    expect(messages(job)).toContain(`The job ${job.remote.id} may still train at main: look there.`);
    await expect(tuner.plan(QUESTION).then((plan) => tuner.start(plan, true))).rejects.toMatchObject({
      status: 409,
    });
    isSwapped = false;
    expect(await tuner.resume(job.id)).toMatchObject({ state: "training", problem: null });
    expect((await work(tuner, job.id)).state).toBe("succeeded");
    expect(all.provider.effects.filter((effect) => effect === "create")).toHaveLength(1);
    await expect(tuner.resume(job.id)).rejects.toMatchObject({ code: "tuning_job_not_waiting" });
    await expect(tuner.resume("tj-none")).rejects.toMatchObject({ status: 404 });
    expect(all.ended).toEqual(["main succeeded"]);
  });

  test("a creation whose answer was lost and that can't be looked for waits for a person", async () => {
    const all = await world({ timing: { patienceMs: 40 } });
    let isBroken = true;
    all.provider.at = (moment) => {
      if (isBroken && moment === "after create") throw problem("unknown");
      if (isBroken && moment === "before find" && all.provider.jobs.size > 0) throw problem("temporary");
    };
    const tuner = all.tuner();
    const job = await trained(tuner);
    expect(job).toMatchObject({ state: "manual", problem: { state: "creating" } });
    isBroken = false;
    await tuner.resume(job.id);
    expect((await work(tuner, job.id)).state).toBe("succeeded");
    expect(all.provider.effects.filter((effect) => effect === "create")).toHaveLength(1);
  });

  test.each([
    ["deploying", "before find deployment", AZURE],
    ["registering", "before register", QUESTION],
  ])("what stays wrong in %s waits for a person, who has it done again", async (state, at, question) => {
    const all = await world();
    let isBroken = true;
    all.provider.at = (moment) => {
      if (isBroken && moment === at) throw problem("final", "no quota");
    };
    const tuner = all.tuner();
    const job = await trained(tuner, question);
    expect(job).toMatchObject({ state: "manual", problem: { state, message: "no quota" } });
    expect(messages(job)).toContain(`The model ft:tuned-model stays at ${job.spec.provider}.`);
    isBroken = false;
    expect((await tuner.resume(job.id)).state).toBe(state);
    expect((await work(tuner, job.id)).state).toBe("succeeded");
    expect(all.provider.effects.filter((effect) => effect === "create")).toHaveLength(1);
  });

  test("the same is not trained again without force, where a cancelled job has its model", async () => {
    const all = await world();
    all.provider.at = (moment) => {
      if (moment === "before register") throw problem("final");
    };
    const tuner = all.tuner();
    const { id, state } = await trained(tuner);
    expect(state).toBe("manual");
    await tuner.cancel(id);
    await work(tuner, id);
    expect((await tuner.cancel(id)).state).toBe("cancelled");
    const plan = await tuner.plan(QUESTION);
    expect(plan.earlier.map((job) => job.id)).toEqual([id]);
    await expect(tuner.start(plan, false)).rejects.toMatchObject({ code: "tuning_job_exists" });
    expect((await tuner.start(plan, true)).state).toBe("uploading");
  });

  test("one that the provider ended without a model is trained again without a question", async () => {
    const all = await world();
    all.provider.script = [seen("cancelled")];
    const tuner = all.tuner();
    expect((await trained(tuner)).state).toBe("cancelled");
    const plan = await tuner.plan(QUESTION);
    expect(plan.earlier).toEqual([]);
    expect((await tuner.start(plan, false)).state).toBe("uploading");
  });
});

test.each(["ENOSPC", "EIO", "EROFS", "EDQUOT"])("a disk with %s is waited for", async (code) => {
  const all = await world();
  let left = 3;
  const { register } = all.registry;
  all.registry.register = async (registration) => {
    if (left-- > 0) throw Object.assign(new Error(`${code}: no`), { code });
    await register(registration);
  };
  const job = await trained(all.tuner());
  expect([job.state, all.registered.length]).toEqual(["succeeded", 1]);
  expect(all.logs).toEqual([]);
});

test("a place that becomes free in a day is waited for beyond all patience", async () => {
  const all = await world({ timing: { patienceMs: 1 } });
  let tries = 0;
  all.provider.at = (moment) => {
    if (moment === "before create" && tries++ < 12) throw problem("lasting", "as many jobs as it may");
  };
  const { state, journal } = await trained(all.tuner());
  expect(state).toBe("succeeded");
  const told = journal.flatMap(({ message }) => (message.startsWith("as many jobs") ? [message] : []));
  expect(told).toEqual([expect.stringMatching(/It is tried again until \d{4}-\d\d-\d\d \d\d:\d\d UTC\.$/)]);
  expect(tries).toBeGreaterThan(12);
  expect(TIMING.longRetryMs).toBeGreaterThan(60_000);
});

describe("the deadline", () => {
  test("what was trained while nobody looked counts, however long ago", async () => {
    const all = await world();
    const { tuner, id } = await leftTraining(all);
    all.provider.script = [seen("succeeded")];
    all.configure(deadline(0.001));
    const job = await work(tuner, id);
    expect([job.state, job.remote.model]).toEqual(["succeeded", "ft:tuned-model"]);
    expect(all.provider.effects).not.toContain("cancel");
  });

  test("it counts from when the job came into its state, not from its beginning", async () => {
    const all = await world();
    const { tuner, id } = await leftTraining(all);
    const row = await all.store.tuningJob(id);
    if (row === undefined) throw new Error("there is no job");
    const job = tuningJob.parse(JSON.parse(row.document));
    const document = JSON.stringify({ ...job, created: job.created - 3_600_000 });
    await all.store.saveTuningJob({ ...row, revision: row.revision + 1, document });
    all.provider.script = [seen("running"), seen("succeeded")];
    all.configure(deadline(1_800_000));
    expect((await work(tuner, id)).state).toBe("succeeded");
    expect(all.provider.effects).not.toContain("cancel");
  });

  test("a training that takes longer is ended at the provider, whose word for its end counts", async () => {
    const all = await world();
    const { tuner, id } = await leftTraining(all);
    all.provider.script = [seen("running")];
    all.configure(deadline(0.001));
    const job = await work(tuner, id);
    expect(job).toMatchObject({ state: "failed", problem: { code: "timeout", state: "training" } });
    expect(job.remote).toMatchObject({ ended: true, status: "cancelled" });
    expect(messages(job)).toContainEqual(expect.stringContaining("Files that stay at main: file-1, file-2."));
    expect(all.provider.effects.at(-1)).toBe("cancel");
  });

  test("where the provider refuses that, it trains on, and a person is told", async () => {
    const all = await world({ timing: { patienceMs: 5 } });
    const { tuner, id } = await leftTraining(all);
    all.provider.script = [seen("running")];
    all.provider.at = (moment) => {
      if (moment === "before cancel") throw REFUSED();
    };
    all.configure(deadline(0.001));
    const job = await work(tuner, id);
    expect(job).toMatchObject({ state: "manual", problem: { code: "timeout", status: 401 } });
    expect(messages(job)).toContain(`The job ${job.remote.id} may still train at main: look there.`);
  });

  test("where the provider agrees and trains on all the same, a person is told, and gives it up in the end", async () => {
    const all = await world({ timing: { patienceMs: 30 } });
    const { tuner, id } = await leftTraining(all);
    all.provider.script = [seen("running")];
    all.provider.trainsOn = true;
    all.configure(deadline(0.001));
    const job = await work(tuner, id);
    const timeout = { code: "timeout", state: "training" };
    expect(job).toMatchObject({ state: "manual", cancel_asked: false, problem: timeout });
    expect(job.problem?.message).toMatch(
      /It took longer than .* asked to end the training, and it goes on\.$/,
    );
    expect(messages(job)).toContain(`The job ${job.remote.id} may still train at main: look there.`);
    const asked = await tuner.cancel(id);
    expect(asked).toMatchObject({ state: "training", cancel_asked: true });
    // The provider is given as long again.
    expect(asked.remote.end_asked_at).toBeGreaterThan(job.remote.end_asked_at ?? Number.NaN);
    expect((await work(tuner, id)).state).toBe("manual");
    expect((await tuner.cancel(id)).state).toBe("cancelled");
    expect(await tuner.remove(id)).toMatchObject({ deleted: true });
  });

  test("what the provider ends while a person is waited for is seen", async () => {
    const all = await world({ timing: { patienceMs: 30 } });
    const { tuner, id } = await leftTraining(all);
    all.provider.script = [seen("running")];
    all.provider.trainsOn = true;
    all.configure(deadline(0.001));
    expect((await work(tuner, id)).state).toBe("manual");
    all.provider.script = [seen("cancelled")];
    await tuner.resume(id);
    expect((await work(tuner, id)).state).toBe("cancelled");
  });

  test("past it a provider that is not what it was is told, and is no fault of the gateway's", async () => {
    const all = await world({ timing: { patienceMs: 5 } });
    const { tuner, id } = await leftTraining(all);
    const providers = { main: { kind: "openai", apiKey: SECRET, organization: "org-other" } };
    all.configure({ ...deadline(0.001), providers });
    expect(await work(tuner, id)).toMatchObject({ state: "manual", problem: { code: "timeout" } });
    expect(all.logs).toEqual([]);
  });

  test("a deployment that takes longer waits for a person, with its price", async () => {
    const all = await world();
    all.provider.deploying = [{ phase: "creating", status: "Creating", message: undefined }];
    all.provider.at = (moment) => {
      if (moment === "after deploy") all.configure(deadline(0.001));
    };
    const tuner = all.tuner();
    const job = await trained(tuner, AZURE);
    expect(job).toMatchObject({ state: "manual", problem: { code: "timeout", state: "deploying" } });
    const name = `crossover-${job.id}`;
    expect(messages(job)).toContain(
      `The deployment ${name} stays at cloud and costs USD 1.70 an hour, used or not: \`crossover tune undeploy --provider cloud ${name}\` deletes it.`,
    );
    all.provider.deploying = [{ phase: "running", status: "Succeeded", message: undefined }];
    await tuner.resume(job.id);
    expect((await work(tuner, job.id)).state).toBe("succeeded");
  });
});

describe("the time of grace", () => {
  test("is longer than any answer to a creation may take", () => {
    expect(TIMING.graceMs).toBeGreaterThan(Math.max(TIMEOUT_MS.creating, HUGGING_FACE_TIMEOUT_MS));
    expect(TIMING.graceMs / TIMING.lookMs).toBeGreaterThan(10);
  });

  test("begins anew when no answer came, and the job is looked for several times", async () => {
    const all = await world({ timing: { graceMs: 300 } });
    const { create } = all.provider.trainer;
    let sent = 0;
    const trainer = {
      ...all.provider.trainer,
      create: async (...args: Parameters<typeof create>) => {
        if (sent++ > 0) return create(...args);
        const began = Date.now();
        await until(() => Date.now() > began + 350);
        // It turns up late.
        setTimeout(() => all.provider.jobs.set(args[0].jobId, "ftjob-late"), 60);
        throw problem("unknown", "no answer");
      },
    };
    const job = await trained(all.tuner({ trainerFor: async () => trainer }));
    expect([job.state, job.remote.id, sent]).toEqual(["succeeded", "ftjob-late", 1]);
    expect(all.provider.calls.filter((call) => call === "find").length).toBeGreaterThan(3);
  });
});
