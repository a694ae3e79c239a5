import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deploymentTable } from "../../src/cli/tune-deployments.ts";
import { jobText, resultText } from "../../src/cli/tune-job-text.ts";
import { planText } from "../../src/cli/tune-plan-text.ts";
import { blockOf, jobView, maySetColours, type TerminalOutput } from "../../src/cli/tune-progress.ts";
import { validate } from "../../src/datasets/validate.ts";
import { JOB_STATES, type JobProblem, type TuningJob } from "../../src/tuning/job.ts";
import type { TuningPlan } from "../../src/tuning/tuning.ts";
import { rowTexts } from "../datasets/files.ts";
import { succeededJob, tuningJob } from "../support/tuning-job.ts";

const LESSON = rowTexts("lesson/18-training-data.jsonl");

async function planOf(fields: Partial<TuningPlan> = {}): Promise<TuningPlan> {
  const rows = [...LESSON, LESSON[0] ?? "", LESSON[0] ?? ""];
  const lines = rows.map((text, index) => ({ number: index + 1, text, bytes: text.length }));
  const { id, spec, estimate } = tuningJob();
  return {
    jobId: id,
    spec,
    estimate,
    reports: {
      training: await validate(lines, { format: "openai", model: "gpt-4.1-mini" }),
      validation: undefined,
    },
    fingerprint: "f",
    earlier: [],
    sources: new Map([["train.jsonl", { kind: "file", path: "sets/recipes/train.jsonl" }]]),
    notes: [],
    ...fields,
  };
}

describe("a plan", () => {
  test("says what is trained where, on what and for how much, and what the validator warned of", async () => {
    expect(planText(await planOf({ notes: ["Hosting costs by the hour."] }))).toBe(`\
Training gpt-4.1-mini for the route recipes: openai (OpenAI)
training        sets/recipes/train.jsonl: 90 rows, 1,200 tokens
validation      validation.jsonl: 10 rows, 130 tokens
what comes out  model recipes-ft-1, variant recipes-tuned-1; compared with prompted
epochs          3 as reckoned; the provider chooses
billed          3,600 tokens
cost            $0.018, by the price list of 2026-08-05
time            not known
reckoned by     OpenAI's list price; nobody publishes how long it takes.
warnings        training: duplicate_row (2). \`crossover dataset validate\` tells more
note            Hosting costs by the hour.
`);
  });

  test("says what is not known, what was asked for, and that it is simulated", async () => {
    const { spec, estimate } = tuningJob();
    const text = planText(
      await planOf({
        spec: {
          ...spec,
          simulated: true,
          validation: null,
          hyperparameters: { n_epochs: 2, batch_size: 8, learning_rate_multiplier: 0.5 },
          suffix: "mine",
          seed: 7,
        },
        estimate: { ...estimate, epochs: 2, usd: null, usd_as_of: null, seconds: 45 },
        earlier: [succeededJob({ id: "tj_0" })],
      }),
    );
    expect(text).toMatch(/^Training .*: openai, SIMULATED by the built-in simulator\n/);
    expect(text).toMatch(/^validation +none$/m);
    expect(text).toMatch(/^epochs +2$/m);
    expect(text).toMatch(
      /^batch size +8\nlearning rate +0\.5 times the provider's own\nsuffix +mine\nseed +7$/m,
    );
    expect(text).toMatch(/^cost +nothing$/m);
    expect(text).toMatch(/^time +about 45 seconds$/m);
    const priced = await planOf({ spec: { ...spec, simulated: true } });
    expect(planText(priced)).toMatch(
      /^epochs +3 as reckoned; the simulator chooses\ntrained +3,600 tokens$/m,
    );
    const hourly = await planOf({ spec: { ...spec, api: "huggingface" } });
    expect(planText(hourly)).toMatch(/^trained +3,600 tokens$/m);
    expect(jobText(tuningJob({ spec: { ...spec, simulated: true } }), false)).toMatch(
      /^reckoned cost +nothing; at the provider \$0\.018/m,
    );
    expect(planText(priced)).toMatch(/^cost +nothing; at the provider \$0\.018, by the price list of /m);
    const unpriced = await planOf({ estimate: { ...estimate, usd: null, usd_as_of: null } });
    expect(planText(unpriced)).toMatch(/^cost +not known: --price gives one$/m);
    expect(text).toMatch(
      /The same was trained before, or is about to be:\n\nid .*\n-.*\ntj_0 +2027-01-31 18:00:00 +succeeded /,
    );
  });
});

const problem: JobProblem = {
  state: "training",
  message: "OpenAI's moderation refused the training file.",
  hint: "Take out what it names.",
  status: 400,
  code: "invalid_training_file",
  raw: '{"error":"\u001b[2Jbad"}',
};

describe("a job", () => {
  test("its facts, its losses, its journal, and what it proposes", () => {
    const losses = [1, 2, 3].map((step) => ({ step, training: 3 / step, validation: null }));
    const text = jobText(succeededJob({ losses }), false);
    expect(text).toMatch(/^id +tj_1\nstate +succeeded\nbegun +2027-01-31 18:00:00\n/);
    expect(text).toMatch(/^trained by +openai \(OpenAI\)$/m);
    expect(text).toMatch(/^variant +recipes-tuned-1, registered$/m);
    expect(text).toMatch(/^step +step 90 of 90$/m);
    expect(text).toMatch(/\n\nloss\n----\n3\.00 ┤/);
    expect(text).toContain(
      "\njournal\n-------\n2027-01-31 18:00:00  train.jsonl is uploaded\n2027-01-31 18:00:01  Step 12/90\n",
    );
    expect(text).toMatch(/^prompted +70% .* 812\nrecipes-tuned-1 +90% .* 21$/m);
    expect(text).toMatch(/proposed rollout\n-+\nroutes:\n {2}recipes: \{ default: recipes-tuned-1 \}\n$/);
  });

  test("what went wrong: in plain words, what to do, and what the provider said, which moves no cursor", () => {
    const text = jobText(tuningJob({ state: "failed", problem }), false);
    expect(text).toContain(`
problem
-------
While training: OpenAI's moderation refused the training file.
Take out what it names.
The provider said (status 400, code invalid_training_file): {"error":"\ufffd[2Jbad"}
`);
  });

  test("at its good end: numbers beside the control's, what is registered, the proposal, the page", () => {
    expect(resultText(succeededJob(), "data/tuning/tj_1/evaluation.html")).toBe(`\
Job tj_1 succeeded.
On 11 rows that it was not trained on:

variant          exact    95% interval  answered  tokens in
---------------  -----  --------------  --------  ---------
prompted           70%  39.7% to 89.2%  10 of 10        812
recipes-tuned-1    90%  59.6% to 98.2%  10 of 11         21

Shares and means are of the 10 rows that both answered. The difference is within the noise: from −16% to 51% with 95% confidence. More rows tell more.

Answers side by side: data/tuning/tj_1/evaluation.html

Registered: model recipes-ft-1, variant recipes-tuned-1.
To move traffic to it:

routes:
  recipes: { default: recipes-tuned-1 }
`);
    expect(resultText(succeededJob({ evaluation: null, proposal: null }), undefined)).toBe(`\
Job tj_1 succeeded.
It was not compared with the control.

Registered: model recipes-ft-1, variant recipes-tuned-1.
Rules use it already: it answers from now on.
`);
  });

  test("at a bad end, and where a person has to go on", () => {
    expect(resultText(tuningJob({ state: "failed", problem }), undefined)).toMatch(
      /^Job tj_1 failed\.\nWhile training: /,
    );
    const left =
      "As of 2027-01-31 18:01:00 UTC:\nThe job ftjob-1 may still train at openai: look there.\nFiles that stay at openai: file-1, file-2. `crossover tune delete tj_1` deletes them with the job.\n";
    expect(resultText(tuningJob({ state: "cancelled" }), undefined)).toBe(
      `Job tj_1 is cancelled.\n\n${left}`,
    );
    const manual = tuningJob({ state: "manual", problem });
    const text = resultText(manual, undefined);
    expect(text).toMatch(/^Job tj_1 waits for you\.\n(.+\n){3}\n/);
    expect(text).toContain(
      `\n\n${left}\nWhen that is seen to: crossover tune resume tj_1\nWhen the model answers: crossover tune register tj_1 --address URL_OR_MODEL\n`,
    );
    const byHand = { ...manual, spec: { ...manual.spec, api: "huggingface" as const } };
    expect(resultText(byHand, undefined)).toContain("The training script: crossover tune script tj_1\n");
  });
});

const BLOCK = { now: tuningJob().created, width: 60, height: 40, colour: false };

describe("the block on a terminal", () => {
  test("state, bar, finish and what happened last", () => {
    expect(blockOf(tuningJob(), BLOCK)).toEqual([
      "Job tj_1: training, step 12 of 90",
      "[###.....................] 13%",
      "finished at about 2027-01-31 18:13:00 UTC, in 13 minutes",
      "",
      "2027-01-31 18:00:00  train.jsonl is uploaded",
      "2027-01-31 18:00:01  Step 12/90",
    ]);
  });

  test("before the first step, and where its end is asked for", () => {
    const { remote } = tuningJob();
    const queued = { ...remote, status: "queued", step: null, steps: null, estimated_finish: null };
    expect(blockOf(tuningJob({ remote: queued, journal: [], cancel_asked: true }), BLOCK)).toEqual([
      "Job tj_1: training, queued; its end is asked for",
      "",
    ]);
  });

  test("of many events the last are there; an end that has come is not asked for any more", () => {
    const events = [1, 2, 3, 4, 5].map((step) => ({
      at: step,
      state: "training" as const,
      kind: "event" as const,
      message: `Step ${step}`,
    }));
    const job = tuningJob({ state: "cancelled", cancel_asked: true, journal: events });
    expect(blockOf(job, BLOCK).map((line) => line.split("  ").at(-1))).toEqual([
      "Job tj_1: cancelled",
      "",
      ...["Step 2", "Step 3", "Step 4", "Step 5"],
    ]);
    expect(jobText(job, false)).toMatch(/^state +cancelled$/m);
    expect(jobText({ ...job, state: "training" }, false)).toMatch(/^state +training; its end is asked for$/m);
  });

  test("the chart is there where it has room", () => {
    const job = tuningJob({ losses: [{ step: 1, training: 2, validation: null }] });
    expect(blockOf(job, BLOCK)).toHaveLength(6 + 1 + 13);
    expect(blockOf(job, { ...BLOCK, height: 19 })).toHaveLength(6);
  });

  const anyJob: fc.Arbitrary<TuningJob> = fc
    .record({
      state: fc.constantFrom(...JOB_STATES),
      step: fc.option(fc.nat(100)),
      steps: fc.option(fc.nat(100)),
      finish: fc.option(fc.double({ noNaN: true })),
      messages: fc.array(fc.string({ unit: "binary" }), { maxLength: 9 }),
      losses: fc.array(
        fc.record({ step: fc.nat(99), training: fc.double({ noNaN: true }), validation: fc.constant(null) }),
      ),
    })
    .map(({ state, step, steps, finish, messages, losses }) => {
      const { remote } = tuningJob();
      return tuningJob({
        state,
        losses,
        remote: { ...remote, step, steps, estimated_finish: finish },
        journal: messages.map((message) => ({ at: 0, state, kind: "event", message })),
      });
    });

  test("whatever the job is: no line is wider or lower than there is room, and none moves the cursor", () => {
    fc.assert(
      fc.property(
        anyJob,
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 40 }),
        (job, width, height) => {
          const lines = blockOf(job, { now: 0, width, height, colour: false });
          expect(lines.length).toBeLessThanOrEqual(height);
          expect(lines.filter((line) => [...line].length > width || /\p{Cc}/u.test(line))).toEqual([]);
        },
      ),
    );
  });

  test("it is drawn over itself", () => {
    const { output, written } = fakeOutput({ isTTY: true, columns: 61 });
    const view = jobView(output, {});
    const deploying = tuningJob({ state: "deploying" });
    view.show(deploying);
    view.show(succeededJob({ journal: [] }));
    expect(written()).toBe(
      `\u001b[J\u001b[?7l${blockOf(deploying, BLOCK).join("\n")}\n\u001b[?7h` +
        "\u001b[4A\r\u001b[J\u001b[?7lJob tj_1: succeeded\n\n\u001b[?7h",
    );
  });

  test("a note stays above it", () => {
    const { output, written } = fakeOutput({ isTTY: true });
    const view = jobView(output, {});
    const job = succeededJob({ journal: [] });
    view.show(job);
    view.note("Look.");
    view.show(job);
    const block = "\u001b[J\u001b[?7lJob tj_1: succeeded\n\n\u001b[?7h";
    expect(written()).toBe(`${block}\u001b[2A\r\u001b[JLook.\n${block}`);
  });

  test("a terminal that was told no size is taken for a usual one", () => {
    const { output, written } = fakeOutput({ isTTY: true, columns: 0, rows: 0 });
    jobView(output, {}).show(succeededJob({ journal: [] }));
    expect(written()).toContain("Job tj_1: succeeded\n");
  });
});

function fakeOutput(fields: Partial<TerminalOutput> = {}) {
  const texts: string[] = [];
  const output: TerminalOutput = { ...fields, write: (text) => texts.push(text) };
  return { output, written: () => texts.join("") };
}

test("elsewhere a line for each thing that happened, once, and one at each tenth of the steps", () => {
  const { output, written } = fakeOutput();
  const view = jobView(output, {});
  const { remote, journal } = tuningJob();
  const at = (step: number): TuningJob =>
    tuningJob({ remote: { ...remote, step }, losses: [{ step, training: 1 / step, validation: null }] });
  for (const step of [0, 1, 8, 9, 10, 17]) view.show(at(step));
  const problemEntry = {
    at: 1,
    state: "training",
    kind: "problem",
    message: "The network is down.",
  } as const;
  view.show({ ...at(30), journal: [...journal.slice(1), problemEntry] });
  expect(written()).toBe(`\
2027-01-31 18:00:00  train.jsonl is uploaded
2027-01-31 18:00:01  Step 12/90
2027-01-31 18:01:00  step 9 of 90, training loss 0.111
1970-01-01 00:00:00  PROBLEM: The network is down.
2027-01-31 18:01:00  step 30 of 90, training loss 0.0333
`);
});

test("colours are for a terminal, unless NO_COLOR is set", () => {
  const terminal = fakeOutput({ isTTY: true }).output;
  expect(maySetColours(terminal, {})).toBe(true);
  expect(maySetColours(terminal, { NO_COLOR: "" })).toBe(true);
  expect(maySetColours(terminal, { NO_COLOR: "1" })).toBe(false);
  expect(maySetColours(fakeOutput().output, {})).toBe(false);
});

test("a deployment that nobody uses is marked with what it costs a month", () => {
  const one = {
    provider: "azure",
    name: "crossover-tj_1",
    model: "gpt-4.1-mini.ft-1",
    phase: "running" as const,
    status: "Succeeded",
    message: undefined,
    address: undefined,
    capacity: 50,
    hostingPerHour: 1.7,
    models: ["recipes-ft-1"],
    lastUsed: Date.parse("2027-01-30T10:00:00Z"),
    idle: true,
  };
  const rows = deploymentTable([
    one,
    { ...one, name: "new", capacity: undefined, hostingPerHour: undefined, lastUsed: undefined, idle: false },
  ]).split("\n");
  expect(rows[2]).toMatch(
    /^azure +crossover-tj_1 +gpt-4\.1-mini\.ft-1 +Succeeded +50 +1\.7 +2027-01-30 10:00 +IDLE: \$1,241 a month$/,
  );
  expect(rows[3]).toMatch(/^azure +new +gpt-4\.1-mini\.ft-1 +Succeeded +unknown +not known$/);
});
