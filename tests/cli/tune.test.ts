import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { deploymentList, tuningJobList, tuningPlan } from "../../routes/admin/tuning-fields.ts";
import { main } from "../../src/cli/main.ts";
import { deployments, scale, undeploy } from "../../src/cli/tune-deployments.ts";
import { follow } from "../../src/cli/tune-follow.ts";
import { list, show } from "../../src/cli/tune-list.ts";
import { cancel, register, remove, resume } from "../../src/cli/tune-one.ts";
import type { OpenTuning } from "../../src/cli/tune-open.ts";
import { script } from "../../src/cli/tune-script.ts";
import { start } from "../../src/cli/tune-start.ts";
import { badRequest } from "../../src/domain/errors.ts";
import type { Provider } from "../../src/domain/tuning.ts";
import type { TuningJob } from "../../src/tuning/job.ts";
import { succeededJob, tuningJob } from "../support/tuning-job.ts";
import { until } from "../support/until.ts";
import { temporaryFiles } from "./command.ts";
import { FakeTuning } from "./fake-tuning.ts";

const HUB: Provider = {
  name: "hub",
  kind: "huggingface",
  simulated: false,
  secrets: [],
  tuning: {
    api: "huggingface",
    token: "hf_secret",
    hubURL: "https://hub.example",
    endpointsURL: "https://endpoints.example",
    namespace: "acme",
    flavor: "a10g-small",
    timeoutSeconds: 60,
    endpoint: {
      vendor: "aws",
      region: "us-east-1",
      accelerator: "gpu",
      instanceType: "nvidia-l4",
      instanceSize: "x1",
      scaleToZeroMinutes: 15,
      hostingPerHour: undefined,
    },
  },
};

/** The commands within this process, on jobs in memory. */
function setUp() {
  const tuning = new FakeTuning();
  const stdout = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const path = temporaryFiles({ "train.jsonl": "", "validation.jsonl": "" });
  const opened: boolean[] = [];
  const elsewhere = new Set<string>();
  const open: OpenTuning = async () => {
    opened.push(true);
    return {
      tuning,
      providers: new Map([[HUB.name, HUB]]),
      folders: {
        has: async (id) => !elsewhere.has(id),
        pathOf: (id, name) => `data/tuning/${id}/${name}`,
      },
      close: async () => void opened.push(false),
    };
  };
  return {
    tuning,
    open,
    opened,
    elsewhere,
    folder: dirname(path("train.jsonl")),
    path,
    out: () => stdout.mock.calls.flat().join(""),
    err: () => stderr.mock.calls.flat().join(""),
  };
}

/** Whoever works on it comes to this. */
function comesTo(tuning: FakeTuning, job: TuningJob): void {
  tuning.work.mockImplementation(async () => tuning.put(job));
}

describe("start", () => {
  test("plans with what was asked for, begins, follows, and prints what has come", async () => {
    const { tuning, open, opened, folder, path, out, err } = setUp();
    comesTo(tuning, succeededJob());
    const args = [
      ...["--route", "recipes", "--dataset", folder, "--provider", "openai", "--base", "gpt-4.1-mini"],
      ...["--control", "prompted", "--variant", "v", "--model", "m", "--epochs", "2", "--batch-size", "8"],
      ...["--learning-rate-multiplier", "0.5", "--suffix", "s", "--seed", "0", "--price", "5", "--yes"],
    ];
    expect(await start(args, open)).toBe(0);
    expect(tuning.calls).toEqual([
      [
        "plan",
        {
          route: "recipes",
          training: { kind: "file", path: path("train.jsonl"), name: path("train.jsonl") },
          validation: { kind: "file", path: path("validation.jsonl"), name: path("validation.jsonl") },
          provider: "openai",
          baseModel: "gpt-4.1-mini",
          control: "prompted",
          variant: "v",
          model: "m",
          epochs: 2,
          batchSize: 8,
          learningRateMultiplier: 0.5,
          suffix: "s",
          seed: 0,
          usdPerMillion: 5,
        },
      ],
      ["start", "tj_1", false],
    ]);
    expect(err()).toMatch(/^Training gpt-4\.1-mini for the route recipes: openai \(OpenAI\)\n/);
    expect(err()).toContain("2027-01-31 18:00:01  Step 12/90\n");
    expect(out()).toMatch(
      /^Job tj_1 succeeded\.\n.*Answers side by side: data\/tuning\/tj_1\/evaluation\.html\n/s,
    );
    expect(opened).toEqual([true, false]);
  });

  test("without a terminal and without --yes nothing is begun", async () => {
    const { tuning, open, opened, folder, err } = setUp();
    await expect(start(["--route", "recipes", "--dataset", folder], open)).rejects.toThrow(
      "nobody can be asked here: give --yes",
    );
    expect(err()).toMatch(/^Training gpt-4\.1-mini /);
    expect(tuning.calls.map(([name]) => name)).toEqual(["plan"]);
    expect(opened).toEqual([true, false]);
  });

  test("--dry-run tells the plan, as text or as JSON", async () => {
    const { tuning, open, folder, out } = setUp();
    const args = ["--route", "recipes", "--dataset", folder, "--dry-run"];
    expect(await start(args, open)).toBe(0);
    expect(out()).toMatch(/^Training .*\nnote +Hosting costs by the hour\.\n$/s);
    vi.mocked(process.stdout.write).mockClear();
    tuning.earlier = [tuningJob({ id: "tj_2" })];
    expect(await start(args, open)).toBe(0);
    expect(out()).toMatch(/\n`crossover tune start` begins no other while job tj_2 is open: .*\n$/);
    vi.mocked(process.stdout.write).mockClear();
    tuning.earlier = [succeededJob({ id: "tj_0" })];
    expect(await start(args, open)).toBe(0);
    expect(out()).toMatch(/\n`crossover tune start` trains it again only with --force\.\n$/);
    vi.mocked(process.stdout.write).mockClear();
    expect(await start([...args, "--json"], open)).toBe(0);
    const { spec, estimate } = tuningJob();
    expect(tuningPlan.parse(JSON.parse(out()))).toMatchObject({
      spec,
      estimate,
      reports: { training: { counts: { too_few_examples: 1 } }, validation: null },
      notes: ["Hosting costs by the hour."],
      earlier: ["tj_0"],
    });
    expect(tuning.calls.map(([name]) => name)).toEqual(["plan", "plan", "plan", "plan"]);
  });

  test("what was trained before is trained again only with --force", async () => {
    const { tuning, open, folder, err } = setUp();
    comesTo(tuning, succeededJob());
    tuning.earlier = [succeededJob({ id: "tj_0" })];
    const args = ["--route", "recipes", "--dataset", folder, "--yes"];
    await expect(start(args, open)).rejects.toThrow("it was trained before. --force trains it again");
    expect(err()).toMatch(/^tj_0 .* succeeded .* 70% +90%$/m);
    expect(await start([...args, "--force"], open)).toBe(0);
    expect(tuning.calls.at(-1)).toEqual(["start", "tj_1", true]);
    tuning.earlier = [succeededJob({ id: "tj_0" }), tuningJob({ id: "tj_2" })];
    await expect(start([...args, "--force"], open)).rejects.toThrow(
      "job tj_2 does the same already: follow it, or cancel it",
    );
  });

  test("--detach begins only, and says how it goes on", async () => {
    const { tuning, open, path, out } = setUp();
    const args = ["--route", "recipes", "--dataset", path("train.jsonl"), "--yes", "--detach"];
    expect(await start(args, open)).toBe(0);
    expect(out()).toMatch(/^Job tj_1 is in the store\. .*\nTo follow it: crossover tune follow tj_1\n/);
    vi.mocked(process.stdout.write).mockClear();
    expect(await start([...args, "--json"], open)).toBe(0);
    expect(JSON.parse(out())).toMatchObject({ object: "crossover.tuning_job", id: "tj_1" });
    expect(tuning.work).not.toHaveBeenCalled();
    expect(tuning.calls[0]?.[1]).toMatchObject({ validation: undefined });
  });

  test("`auto` leaves it to the provider", async () => {
    const { tuning, open, path } = setUp();
    const options = ["--epochs", "--batch-size", "--learning-rate-multiplier"];
    const args = ["--route", "recipes", "--dataset", path("train.jsonl"), "--yes", "--detach"];
    expect(await start([...args, ...options.flatMap((option) => [option, "auto"])], open)).toBe(0);
    const asked = { epochs: undefined, batchSize: undefined, learningRateMultiplier: undefined };
    expect(tuning.calls[0]?.[1]).toMatchObject(asked);
  });

  test.each(["0", "1.5", "1e9", "x", ""])("--epochs %j is told what it may be", async (epochs) => {
    const { err } = setUp();
    expect(await main(["tune", "start", "--route", "recipes", "--dataset", "x", "--epochs", epochs])).toBe(2);
    expect(err()).toBe("crossover tune: --epochs must be a whole number from 1 to 50, or auto\n");
  });

  test.each([
    [["--dataset", "x"], "name the route: --route ROUTE"],
    [["--route", "recipes"], "give the data set: --dataset FOLDER, or --dataset FILE.jsonl"],
    [["--route", "recipes", "--dataset", "docs"], "docs is a folder without a train.jsonl"],
    [
      ["--route", "recipes", "--dataset", "x", "--learning-rate-multiplier", "0"],
      "--learning-rate-multiplier must be above 0 and at most 100, or auto\n",
    ],
    [["--route", "recipes", "--dataset", "x", "--batch-size", "257"], "--batch-size must be a whole number"],
    [["--route", "recipes", "--dataset", "x", "--seed", "auto"], "--seed must be a whole number from 0 to"],
    [
      ["--route", "recipes", "--dataset", "x", "--suffix", "x".repeat(65)],
      "--suffix must have 1 to 64 characters",
    ],
    [["--route", "recipes", "--dataset", "x", "--seed", "-1"], "argument is ambiguous"],
    [["--route", "recipes", "--dataset", "x", "--price", ""], "--price must be 0 or more\n"],
  ])("%j: %s", async (args, problem) => {
    const { err } = setUp();
    expect(await main(["tune", "start", ...args])).toBe(2);
    expect(err()).toContain(problem);
  });
});

/** Sends SIGINT to the command that waits for it, and to nobody else. */
async function interrupted(command: Promise<number>): Promise<number> {
  const handler = await until(() => process.listeners("SIGINT").find(({ name }) => name === "leave"));
  handler("SIGINT");
  return command;
}

describe("follow", () => {
  test("shows what whoever works on the job writes into the store", async () => {
    const { tuning, open, out, err } = setUp();
    const { remote } = tuningJob();
    tuning.put(tuningJob({ journal: [] }));
    const other = Promise.withResolvers<TuningJob>();
    tuning.work.mockReturnValue(other.promise);
    const code = follow(["tj_1"], open);
    await until(() => tuning.work.mock.calls.length > 0 || undefined);
    tuning.put(tuningJob({ remote: { ...remote, step: 45 } }));
    await until(() => err().includes("step 45 of 90") || undefined);
    const { journal } = tuningJob();
    const last = { at: 0, state: "registering", kind: "step", message: "Registered." } as const;
    other.resolve(succeededJob({ evaluation: null, journal: [...journal, last] }));
    expect(await code).toBe(0);
    expect(err()).toMatch(/00:00:00 {2}Registered\.\n/);
    expect(err()).toContain("2027-01-31 18:00:00  train.jsonl is uploaded\n");
    expect(out()).toMatch(/^Job tj_1 succeeded\.\n/);
  });

  test.each(["failed", "cancelled", "manual"] as const)("a job that is %s ends with 1", async (state) => {
    const { tuning, open, out } = setUp();
    tuning.put(tuningJob());
    comesTo(tuning, tuningJob({ state }));
    expect(await follow(["tj_1", "--json"], open)).toBe(1);
    expect(JSON.parse(out())).toMatchObject({ id: "tj_1", state });
  });

  test.each([
    [tuningJob(), "It goes on at openai."],
    [
      tuningJob({ state: "uploading" }),
      "It rests here, unless a gateway with this store runs and goes on with it.",
    ],
    [tuningJob({ spec: { ...tuningJob().spec, simulated: true } }), "It rests here, unless"],
  ])("SIGINT leaves the job, and says what becomes of it", async (job, goesOn) => {
    const { tuning, open, out, err } = setUp();
    tuning.put(job);
    tuning.work.mockImplementation(
      (_, signal) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    );
    const before = process.listeners("SIGINT");
    expect(await interrupted(follow(["tj_1"], open))).toBe(130);
    expect(err()).toContain(`\nJob tj_1 is followed no longer. ${goesOn}`);
    expect(err()).toMatch(
      /To follow it: crossover tune follow tj_1\nTo cancel it: crossover tune cancel tj_1\n$/,
    );
    expect(out()).toBe("");
    expect(process.listeners("SIGINT")).toEqual(before);
  });

  test("SIGINT in the moment when the work ends leaves it too", async () => {
    const { tuning, open, out } = setUp();
    const job = tuning.put(succeededJob());
    tuning.work.mockImplementation(
      (_, signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve(job))),
    );
    expect(await interrupted(follow(["tj_1"], open))).toBe(130);
    expect(out()).toBe("");
  });

  test("of a job whose files are elsewhere what needs them waits, which is told", async () => {
    const { tuning, open, elsewhere, err, out } = setUp();
    elsewhere.add("tj_1");
    tuning.put(tuningJob());
    comesTo(tuning, succeededJob());
    expect(await follow(["tj_1"], open)).toBe(0);
    expect(err()).toContain("are not in this data folder");
    expect(out()).not.toContain("evaluation.html");
    tuning.put(tuningJob());
    comesTo(tuning, tuningJob({ state: "cancelled", cancel_asked: true }));
    expect(await cancel(["tj_1", "--yes"], open)).toBe(0);
  });

  test("that another process works on it is told once, and until when one that was killed has it", async () => {
    const { tuning, open, err } = setUp();
    tuning.put(tuningJob());
    tuning.work.mockImplementation(async (_id, _signal, waits) => {
      for (const until of [Date.UTC(2027, 0, 31, 18), Date.UTC(2027, 0, 31, 19)]) waits?.(until);
      return tuning.put(succeededJob());
    });
    expect(await follow(["tj_1"], open)).toBe(0);
    const text =
      "Another process works on job tj_1. Should that one have been killed, this one goes on at 2027-01-31 18:00:00 UTC.\n";
    expect(err().split("Another process")).toHaveLength(2);
    expect(err()).toContain(text);
  });

  test("what goes wrong with the work is told", async () => {
    const { tuning, open, opened } = setUp();
    tuning.put(tuningJob());
    tuning.work.mockRejectedValue(new Error("the store is gone"));
    await expect(follow(["tj_1"], open)).rejects.toThrow("the store is gone");
    expect(opened).toEqual([true, false]);
  });
});

test("list: a row of each, or all of them as JSON", async () => {
  const { tuning, open, out, err } = setUp();
  expect(await list([], open)).toBe(0);
  expect([out(), err()]).toEqual(["", "There are no jobs.\n"]);
  tuning.put(tuningJob({ id: "tj_2" }));
  tuning.put(succeededJob());
  expect(await list(["--route", "recipes", "--limit", "5"], open)).toBe(0);
  expect(out()).toMatch(
    /^tj_2 +2027-01-31 18:00:00 +training +recipes +openai +gpt-4\.1-mini +recipes-tuned-1$/m,
  );
  expect(out()).toMatch(/^tj_1 .* succeeded .* 70% +90%$/m);
  expect(tuning.calls).toEqual([
    ["jobs", { route: undefined, limit: 20 }],
    ["jobs", { route: "recipes", limit: 5 }],
  ]);
  vi.mocked(process.stdout.write).mockClear();
  expect(await list(["--json"], open)).toBe(0);
  expect(tuningJobList.parse(JSON.parse(out())).data).toEqual([...tuning.all.values()]);
});

test("show: facts and journal, or all of it as JSON", async () => {
  const { tuning, open, out } = setUp();
  const job = tuning.put(tuningJob());
  expect(await show(["tj_1"], open)).toBe(0);
  expect(out()).toMatch(/^id +tj_1\n.*\njournal\n-------\n/s);
  vi.mocked(process.stdout.write).mockClear();
  expect(await show(["tj_1", "--json"], open)).toBe(0);
  expect(JSON.parse(out())).toEqual(job);
});

test.each([
  ["show", show, []],
  ["follow", follow, []],
  ["cancel", cancel, ["--yes"]],
  ["resume", resume, []],
  ["register", register, ["--address", "ft:x"]],
] as const)("%s of a job that is not there says so", async (_, action, more) => {
  const { open } = setUp();
  await expect(action(["tj_9", ...more], open)).rejects.toThrow(
    'there is no job "tj_9" in this store. `crossover tune list` shows those that are',
  );
});

test("delete asks first, and tells what is left at the provider", async () => {
  const { tuning, open, out, err } = setUp();
  tuning.put(tuningJob({ state: "failed" }));
  await expect(remove(["tj_1"], open)).rejects.toThrow("nobody can be asked here: give --yes");
  tuning.left = "Not deleted: file-1.";
  expect(await remove(["tj_1", "--yes"], open)).toBe(1);
  expect(err()).toContain("Not deleted: file-1.\n");
  tuning.left = undefined;
  expect(await remove(["tj_1", "--yes"], open)).toBe(0);
  expect(out()).toContain("Job tj_1 is deleted, with all copies of its data set.\n");
});

test("cancel asks first, works until it is cancelled, and ends with 0 then only", async () => {
  const { tuning, open, out } = setUp();
  tuning.put(tuningJob());
  await expect(cancel(["tj_1"], open)).rejects.toThrow("nobody can be asked here: give --yes");
  comesTo(tuning, tuningJob({ state: "cancelled", cancel_asked: true }));
  expect(await cancel(["tj_1", "--yes"], open)).toBe(0);
  expect(out()).toMatch(/^Job tj_1 is cancelled\.\n/);
  tuning.put(tuningJob());
  comesTo(tuning, succeededJob());
  expect(await cancel(["tj_1", "--yes"], open)).toBe(1);
  expect(tuning.calls).toEqual([
    ["cancel", "tj_1"],
    ["cancel", "tj_1"],
  ]);
});

test("resume goes on with a job that waits, here or elsewhere", async () => {
  const { tuning, open, out } = setUp();
  tuning.put(tuningJob({ state: "manual" }));
  comesTo(tuning, succeededJob());
  expect(await resume(["tj_1"], open)).toBe(0);
  tuning.put(tuningJob({ state: "manual" }));
  expect(await resume(["tj_1", "--detach"], open)).toBe(0);
  expect(out()).toContain("Job tj_1 goes on where it was.\nTo follow it: crossover tune follow tj_1\n");
  expect(tuning.calls).toEqual([
    ["resume", "tj_1"],
    ["resume", "tj_1"],
  ]);
});

test("register goes on with a job that waits, here or elsewhere", async () => {
  const { tuning, open, out } = setUp();
  tuning.put(tuningJob({ state: "manual" }));
  comesTo(tuning, succeededJob());
  await expect(register(["tj_1"], open)).rejects.toThrow("say what answers: --address");
  expect(await register(["tj_1", "--address", "https://e.example", "--variant", "other"], open)).toBe(0);
  expect(tuning.calls).toEqual([
    ["register", "tj_1", "https://e.example", { model: undefined, variant: "other" }],
  ]);
  expect(await register(["tj_1", "--address", "ft:x", "--detach"], open)).toBe(0);
  expect(out()).toMatch(/Job tj_1 goes on with ft:x\.\nTo follow it: /);
  expect(tuning.work).toHaveBeenCalledTimes(1);
});

test("script: that of a job for Hugging Face, to standard output or to a file", async () => {
  const { tuning, open, out, path } = setUp();
  const { spec } = tuningJob();
  tuning.put(tuningJob());
  await expect(script(["tj_1"], open)).rejects.toThrow(
    "job tj_1 is trained by openai, which takes no script",
  );
  tuning.put(tuningJob({ spec: { ...spec, provider: "hub", simulated: true } }));
  await expect(script(["tj_1"], open)).rejects.toThrow("the simulator plays hub, and runs no script");
  tuning.put(tuningJob({ spec: { ...spec, provider: "hub", api: "huggingface" } }));
  expect(await script(["tj_1"], open)).toBe(0);
  expect(out()).toContain('NAMESPACE = "acme"\n');
  expect(out()).not.toContain("hf_secret");
  const file = path("train.jsonl");
  await expect(script(["tj_1", "--out", file], open)).rejects.toThrow("is there already: give --force");
  expect(await script(["tj_1", "--out", file, "--force"], open)).toBe(0);
  expect(readFileSync(file, "utf8")).toBe(out());
});

describe("deployments", () => {
  const deployed = {
    provider: "azure",
    name: "crossover-tj_1",
    model: undefined,
    phase: "running" as const,
    status: "Succeeded",
    message: undefined,
    address: "crossover-tj_1",
    capacity: 50,
    hostingPerHour: 1.7,
    models: ["recipes-ft-1"],
    lastUsed: undefined,
    idle: false,
  };

  test("are listed, of all providers or of one", async () => {
    const { tuning, open, out, err } = setUp();
    expect(await deployments([], open)).toBe(0);
    expect(err()).toBe("There are no deployments.\n");
    tuning.deployed = [deployed];
    expect(await deployments(["--provider", "azure"], open)).toBe(0);
    expect(out()).toMatch(/^azure +crossover-tj_1 +Succeeded +50 +1\.7 +not known$/m);
    expect(tuning.calls).toEqual([
      ["deployments", undefined],
      ["deployments", "azure"],
    ]);
    vi.mocked(process.stdout.write).mockClear();
    expect(await deployments(["--json"], open)).toBe(0);
    expect(deploymentList.parse(JSON.parse(out())).data).toMatchObject([
      { provider: "azure", name: "crossover-tj_1", model: null, hosting_per_hour: 1.7, idle: false },
    ]);
  });

  test("that could not be asked for are told beside the others", async () => {
    const { tuning, open, out, err } = setUp();
    tuning.deployed = [deployed];
    tuning.unasked = [{ provider: "hf", message: "The token has expired." }];
    expect(await deployments([], open)).toBe(1);
    expect(out()).toContain("crossover-tj_1");
    expect(err()).toBe("hf: The token has expired.\n");
  });

  test("are scaled and deleted by name", async () => {
    const { tuning, open } = setUp();
    const name = ["--provider", "azure", "crossover-tj_1"];
    await expect(scale([...name, "-5"], open)).rejects.toThrow();
    await expect(scale([...name, "1.5"], open)).rejects.toThrow(
      'the capacity must be a whole number from 0, not "1.5"',
    );
    await expect(scale(["crossover-tj_1", "1"], open)).rejects.toThrow("name the provider: --provider NAME");
    expect(await scale([...name, "0"], open)).toBe(0);
    await expect(undeploy(name, open)).rejects.toThrow("nobody can be asked here: give --yes");
    expect(await undeploy([...name, "--yes"], open)).toBe(0);
    expect(tuning.calls.filter(([name]) => name !== "deployments")).toEqual([
      ["scale", "azure", "crossover-tj_1", 0],
      ["undeploy", "azure", "crossover-tj_1"],
    ]);
  });
});

test("a data set that is refused is told as the gateway would", async () => {
  const { tuning, open, folder } = setUp();
  vi.spyOn(tuning, "plan").mockRejectedValue(badRequest("invalid_dataset", "train.jsonl, line 3: no JSON"));
  await expect(start(["--route", "recipes", "--dataset", folder], open)).rejects.toThrow("line 3");
});

test("help, and what is no action", async () => {
  const { out, err } = setUp();
  expect(await main(["tune", "--help"])).toBe(0);
  expect(out()).toMatch(/^Usage: crossover tune start --route ROUTE /);
  expect(await main(["tune", "fly"])).toBe(2);
  expect(err()).toMatch(
    /^crossover tune: say what to do: start, list, show, follow, cancel, resume, register, /,
  );
});
