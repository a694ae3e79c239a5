import { describe, expect, test } from "vitest";
import type { TuningJob } from "../../src/tuning/job.ts";
import type { Tuner } from "../../src/tuning/tuner.ts";
import type { TuningQuestion } from "../../src/tuning/tuning.ts";
import { until } from "../support/until.ts";
import { problem, seen } from "./fake-provider.ts";
import { answered, config, examples, QUESTION, trained, type World, world } from "./world.ts";

const AZURE = {
  ...QUESTION,
  provider: "cloud",
  training: { kind: "text", text: examples(12) },
  validation: undefined,
} as const;

const VALIDATION = { kind: "text", text: examples(5, 100) } as const;

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
  const told = job.journal.slice(-3).map(({ message }) => message);
  expect(told).toEqual([
    "Cancelled, but the model was trained already.",
    "The model ft:tuned-model stays at main.",
    `Files that stay at main: file-1, file-2. \`crossover tune delete ${job.id}\` deletes them with the job.`,
  ]);
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
  // Long before the lease is renewed, and before the test's time is over.
  const all = await world({
    config: { ...config(), tuning: { pollSeconds: 3600 } },
    timing: { leaseMs: 3_600_000 },
  });
  all.provider.script = [seen("running")];
  const [worker, other] = [all.tuner(), all.tuner()];
  const { id } = await worker.start(await worker.plan(QUESTION), false);
  const working = worker.work(id, AbortSignal.timeout(20_000));
  await until(async () => (await worker.job(id))?.remote.status === "running");
  const waits: number[] = [];
  const waiting = other.work(id, AbortSignal.timeout(20_000), (at) => waits.push(at));
  await until(() => waits.length > 0);
  expect(waits[0]).toBeGreaterThan(Date.now() + 3_600_000);
  await other.cancel(id);
  await until(() => all.provider.effects.includes("cancel"));
  expect([(await working).state, (await waiting).state]).toEqual(["cancelled", "cancelled"]);
});

test("there is nothing to cancel of a job that has ended, or that is none", async () => {
  const all = await world();
  const job = await cancelledAt(all, "before upload");
  await expect(all.tuner().cancel(job.id)).rejects.toMatchObject({
    status: 409,
    code: "tuning_job_ended",
    message: expect.stringContaining("is cancelled already"),
  });
  await expect(all.tuner().cancel("tj-none")).rejects.toMatchObject({ status: 404 });
  await expect(all.tuner().work("tj-none", AbortSignal.timeout(1_000))).rejects.toMatchObject({
    status: 404,
  });
});

describe("what a job leaves behind", () => {
  const stays = (id: string) =>
    `The deployment crossover-${id} stays at cloud and costs USD 1.70 an hour, used or not: \`crossover tune undeploy --provider cloud crossover-${id}\` deletes it.`;

  function messages({ journal }: TuningJob): readonly string[] {
    return journal.map(({ message }) => message);
  }

  /** A job that waits for a person, with a deployment that may not be removed. */
  async function waiting(all: World): Promise<{ readonly tuner: Tuner; readonly job: TuningJob }> {
    all.provider.at = (moment) => {
      if (moment === "after deploy") throw problem("unsupported", "no right");
      if (moment === "before remove") throw problem("final", "forbidden", "no", 403);
    };
    const tuner = all.tuner();
    const job = await trained(tuner, AZURE);
    expect([job.state, all.provider.deployments.size]).toEqual(["manual", 1]);
    return { tuner, job };
  }

  test("the deployment of a job that waits for a person is removed", async () => {
    const all = await world();
    const { tuner, job } = await waiting(all);
    expect(messages(job)).toContain(stays(job.id));
    all.provider.at = () => {};
    expect(await tuner.cancel(job.id)).toMatchObject({ state: "deploying", cancel_asked: true });
    const end = await tuner.work(job.id, AbortSignal.timeout(20_000));
    expect([end.state, all.provider.deployments.size]).toEqual(["cancelled", 0]);
    expect(messages(end).filter((message) => message === stays(job.id))).toHaveLength(1);
    expect(all.ended).toEqual(["cloud cancelled"]);
  });

  test("where that is refused a person is told, and may give it up", async () => {
    const all = await world({ timing: { patienceMs: 5 } });
    const { tuner, job } = await waiting(all);
    await tuner.cancel(job.id);
    const refused = await tuner.work(job.id, AbortSignal.timeout(20_000));
    expect(refused).toMatchObject({ state: "manual", problem: { message: "forbidden" } });
    expect(messages(refused).slice(-5)).toContain(stays(job.id));
    const end = await tuner.cancel(job.id);
    expect(end).toMatchObject({ state: "cancelled", problem: null });
    expect(messages(end).slice(-3)).toContain(stays(job.id));
    expect(all.ended).toEqual(["cloud cancelled"]);
  });

  test("a training that the provider does not end waits for a person, who gives it up or goes on", async () => {
    const all = await world();
    all.provider.script = [seen("running")];
    let isRefused = true;
    all.provider.at = (moment) => {
      if (isRefused && moment === "before cancel") throw problem("final", "it can't be ended", "no", 400);
    };
    const job = await cancelledAt(all, "after observe");
    expect(job).toMatchObject({ state: "manual", cancel_asked: true, problem: { state: "training" } });
    expect(messages(job)).toContain(`The job ${job.remote.id} may still train at main: look there.`);
    isRefused = false;
    const tuner = all.tuner();
    expect(await tuner.resume(job.id)).toMatchObject({ state: "training", cancel_asked: false });
    all.provider.script = [seen("succeeded")];
    expect((await tuner.work(job.id, AbortSignal.timeout(20_000))).state).toBe("succeeded");
  });

  test("one that takes the wish and trains on is handed over in time, and then given up", async () => {
    const all = await world({ timing: { patienceMs: 30 } });
    all.provider.script = [seen("running")];
    all.provider.trainsOn = true;
    const job = await cancelledAt(all, "after observe");
    expect(job).toMatchObject({ state: "manual", cancel_asked: true, problem: { state: "training" } });
    expect(job.problem?.message).toBe("The provider was asked to end the training, and it goes on.");
    expect(messages(job)).toContain(`The job ${job.remote.id} may still train at main: look there.`);
    expect((await all.tuner().cancel(job.id)).state).toBe("cancelled");
    expect(all.ended).toEqual(["main cancelled"]);
  });

  test("what the provider says once it has long been asked is told", async () => {
    const all = await world({ timing: { patienceMs: 30 } });
    all.provider.script = [seen("running")];
    all.provider.trainsOn = true;
    all.provider.at = (moment) => {
      if (moment === "before cancel" && all.provider.effects.includes("cancel"))
        throw problem("final", "it is being cancelled", "no", 400);
    };
    const job = await cancelledAt(all, "after observe");
    expect(job).toMatchObject({ state: "manual", problem: { message: "it is being cancelled" } });
  });

  test("the deployment of an evaluation that is cancelled is removed", async () => {
    const all = await world();
    const tuner = all.tuner();
    const { id } = await tuner.start(await tuner.plan({ ...AZURE, validation: VALIDATION }), false);
    all.answer = () => {
      void tuner.cancel(id);
      return answered("x");
    };
    const job = await tuner.work(id, AbortSignal.timeout(20_000));
    expect([job.state, all.provider.deployments.size]).toEqual(["cancelled", 0]);
  });

  test("a registration that may have been written is finished", async () => {
    const all = await world();
    const tuner = all.tuner();
    const { id } = await tuner.start(await tuner.plan(QUESTION), false);
    const crash = new AbortController();
    all.provider.at = (moment) => {
      if (moment !== "after register") return;
      crash.abort(new Error("gone"));
      throw new Error("gone");
    };
    await tuner.work(id, crash.signal).catch(() => {});
    all.provider.at = () => {};
    await tuner.cancel(id);
    const job = await tuner.work(id, AbortSignal.timeout(20_000));
    expect([job.state, job.registered]).toEqual(["succeeded", true]);
  });

  test("a deployment in whose place a person names another one is told of", async () => {
    const all = await world();
    const { tuner, job } = await waiting(all);
    const told = messages(await tuner.register(job.id, "mine"));
    expect(told.slice(-2)).toEqual(["A person says that mine answers for the model.", stays(job.id)]);
  });

  test("the same one named by a person is not", async () => {
    const all = await world();
    const { tuner, job } = await waiting(all);
    const { journal } = await tuner.register(job.id, `crossover-${job.id}`);
    expect(journal.at(-1)?.message).toMatch(/^A person says that crossover-/);
  });
});
