import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test, vi } from "vitest";
import { stringify } from "yaml";
import { tuningJobList } from "../../routes/admin/tuning-fields.ts";
import { main } from "../../src/cli/main.ts";
import { tuningJob } from "../../src/tuning/job.ts";
import { startTuningDouble, type TuningDoubleOptions } from "../support/openai-tuning.ts";
import { until } from "../support/until.ts";
import { examples } from "../tuning/world.ts";
import { projectNode, startCommand, temporaryFiles } from "./command.ts";

/** The commands on a real store, with OpenAI's double to train at. */
async function setUp(options: TuningDoubleOptions = {}) {
  const double = await startTuningDouble(options);
  const config = {
    providers: { main: { kind: "openai", baseURL: `${double.url}/v1`, apiKey: double.apiKey } },
    models: { base: { provider: "main", model: "gpt-4.1-mini-2025-04-14" } },
    prompts: { helper: { system: "You are a helper." } },
    variants: { prompted: { model: "base", prompt: "helper" } },
    routes: { ask: { default: "prompted" } },
    tuning: { pollSeconds: 0.05 },
  };
  const path = temporaryFiles({
    "c.yaml": stringify(config),
    "train.jsonl": examples(12),
    "broken.jsonl": `${examples(11)}\n{"messages":\n`,
  });
  const dataDir = join(dirname(path("c.yaml")), "data");
  vi.stubEnv("CROSSOVER_DATA_DIR", dataDir);
  const stdout = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const run = async (action: string, ...args: readonly string[]) => {
    stdout.mockClear();
    stderr.mockClear();
    const code = await main(["tune", action, ...args, "--config", path("c.yaml")]);
    return { code, out: stdout.mock.calls.flat().join(""), err: stderr.mock.calls.flat().join("") };
  };
  return {
    double,
    dataDir,
    run,
    start: ["--route", "ask", "--dataset", path("train.jsonl")],
    broken: ["--route", "ask", "--dataset", path("broken.jsonl")],
    jobs: async () => tuningJobList.parse(JSON.parse((await run("list", "--json")).out)).data,
    /** The same command in a process of its own. */
    begin: (action: string, ...args: readonly string[]) =>
      startCommand(projectNode, ["tune", action, ...args, "--config", path("c.yaml")], {
        env: { CROSSOVER_DATA_DIR: dataDir },
      }),
  };
}

test("a job from its data set to the registered variant, and not twice", async () => {
  const { double, dataDir, run, start, jobs } = await setUp({ auto: true });
  const { code, out, err } = await run("start", ...start, "--epochs", "2", "--yes");
  expect([code, out]).toEqual([
    0,
    expect.stringMatching(
      /^Job tj-\w+ succeeded\.\nIt was not compared with the control\.\n\nRegistered: model ask-tj-/,
    ),
  ]);
  expect(err).toMatch(/^Training gpt-4\.1-mini-2025-04-14 for the route ask: main \(OpenAI\)\n/);
  expect(err).toMatch(/ Uploaded the training file as file-\w+\.\n/);
  expect(err).toMatch(/ step 20 of 20, training loss 0\.400\n/);
  expect(out).toMatch(/\nTo move traffic to it:\n.*\nroutes:\n {2}ask:\n/s);
  const [job] = await jobs();
  expect(job).toMatchObject({ state: "succeeded", registered: true, spec: { control: "prompted" } });
  expect(readFileSync(join(dataDir, "registered.yaml"), "utf8")).toContain(job?.remote.model);
  expect((await run("list")).out).toMatch(
    /^tj-\w+ .* succeeded +ask +main +gpt-4\.1-mini-2025-04-14 +ask-tj-/m,
  );
  expect((await run("show", job?.id ?? "")).out).toMatch(/^loss\n-+\n 2\.00|^loss\n-+\n.*┤/m);
  const again = await run("start", ...start, "--epochs", "2", "--yes");
  expect([again.code, again.err]).toEqual([
    1,
    expect.stringContaining("it was trained before. --force trains it again"),
  ]);
  expect(double.state.jobs).toHaveLength(1);
  const force = await run("start", ...start, "--epochs", "2", "--yes", "--force", "--json");
  expect([force.code, tuningJob.parse(JSON.parse(force.out)).state]).toEqual([0, "succeeded"]);
  expect(double.state.jobs).toHaveLength(2);
});

test("a data set with errors is refused with their codes and lines, before anything is asked or sent", async () => {
  const { double, run, broken, jobs } = await setUp();
  const { code, err } = await run("start", ...broken, "--yes");
  expect(code).toBe(1);
  expect(err).toMatch(/^crossover tune: \S+\.jsonl has 1 error; .*\nline 12: invalid_json\. /);
  expect(await jobs()).toEqual([]);
  expect(double.requests).toEqual([]);
});

test("without a terminal and without --yes, and with --dry-run, nothing is begun", async () => {
  const { double, run, start, jobs } = await setUp();
  const refused = await run("start", ...start);
  expect([refused.code, refused.err]).toEqual([
    1,
    expect.stringMatching(
      /\ncrossover tune: nobody can be asked here: give --yes to agree to this: Begin\?\n$/,
    ),
  ]);
  const plan = await run("start", ...start, "--dry-run");
  expect([plan.code, plan.out]).toEqual([
    0,
    expect.stringMatching(/\ncost +\$0\.\d+, by the price list of /),
  ]);
  expect(await jobs()).toEqual([]);
  expect(double.requests).toEqual([]);
});

test("a job that fails at its provider tells why, what to do, and what the provider said", async () => {
  const { double, run, start, jobs } = await setUp({ auto: true });
  const error = {
    code: "invalid_training_file",
    message: "Rows 3 and 4 were blocked.",
    param: "training_file",
  };
  double.state.plan = { ends: "failed", at: "validation", error };
  const { code, out } = await run("start", ...start, "--yes");
  expect(code).toBe(1);
  expect(out).toMatch(/^Job tj-\w+ failed\.\nWhile training: .+\n/);
  const [job] = await jobs();
  const shown = await run("show", job?.id ?? "");
  expect(shown.out).toContain("\nproblem\n-------\nWhile training: ");
  expect(shown.out).toMatch(/The provider said \(code invalid_training_file\): .*Rows 3 and 4 were blocked/);
  const cancelled = await run("cancel", job?.id ?? "", "--yes");
  expect([cancelled.code, cancelled.err]).toEqual([1, expect.stringContaining("(409 tuning_job_ended)")]);
});

test("what another process works on is followed here; SIGINT there leaves it to this one", async () => {
  const { double, run, begin, start, jobs } = await setUp({ steps: 40, stepsPerAdvance: 4 });
  const other = begin("start", ...start, "--yes");
  const created = await until(() => double.state.jobs[0], 20_000);
  const [job] = await jobs();
  const following = begin("follow", job?.id ?? "");
  double.advance();
  double.advance();
  double.advance();
  await until(() => following.stderr().includes("step 4 of 40") || undefined, 20_000);
  other.process.kill("SIGINT");
  expect(await other.ended).toBe(130);
  expect(other.stderr()).toMatch(
    / is followed no longer\. It goes on at main\.\nTo follow it: crossover tune follow tj-/,
  );
  for (let advance = 0; advance < 9; advance++) double.advance();
  expect(await following.ended).toBe(0);
  expect(following.stderr().match(/ step \d+ of 40, /g)).toContain(" step 40 of 40, ");
  expect(following.stdout()).toMatch(/^Job tj-\w+ succeeded\.\n/);
  expect(double.state.jobs).toEqual([created]);
  expect(await run("follow", job?.id ?? "")).toMatchObject({ code: 0 });
}, 60_000);

test("cancelling ends it at the provider, and for who follows it", async () => {
  const { double, run, begin, start, jobs } = await setUp();
  expect(await run("start", ...start, "--yes", "--detach")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^Job tj-\w+ is in the store\. /),
  });
  expect(double.requests).toEqual([]);
  const [job] = await jobs();
  const following = begin("follow", job?.id ?? "");
  await until(() => double.state.jobs[0], 20_000);
  expect(await run("cancel", job?.id ?? "", "--yes")).toMatchObject({
    code: 0,
    out: expect.stringMatching(
      new RegExp(
        `^Job ${job?.id} is cancelled\\.\\n\\nAs of [\\d: -]+ UTC:\\nFiles that stay at main: file-\\w+\\. \`crossover tune delete ${job?.id}\` deletes them with the job\\.\\n$`,
      ),
    ),
  });
  expect(await following.ended).toBe(1);
  expect(double.state.jobs.map(({ status }) => status)).toEqual(["cancelled"]);
}, 60_000);

test("what there is not is told", async () => {
  const { run } = await setUp();
  expect(await run("show", "tj-000000000000")).toMatchObject({
    code: 1,
    err: expect.stringContaining('there is no job "tj-000000000000" in this store'),
  });
  expect(await run("deployments", "--provider", "main")).toMatchObject({
    code: 1,
    err: expect.stringContaining("(404 no_deployments)"),
  });
  expect(await run("deployments")).toMatchObject({ code: 0, err: "There are no deployments.\n" });
});
