import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { trainingScript } from "../../src/tuning/training-script.ts";
import { spec } from "./huggingface.ts";

const hasPython = spawnSync("python3", ["--version"]).status === 0;

/** The values that the script's constants have, as Python reads them. Python alone is needed, none of its packages. */
function constantsOf(scripts: readonly string[]): readonly Record<string, unknown>[] {
  const program = `
import ast, json, sys
for source in json.load(sys.stdin):
    values = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and node.targets[0].id.isupper():
            values[node.targets[0].id] = ast.literal_eval(node.value)
    print(json.dumps(values))
`;
  const run = spawnSync("python3", ["-c", program], { input: JSON.stringify(scripts), encoding: "utf8" });
  if (run.status !== 0) throw new Error(run.stderr);
  return run.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

test.skipIf(!hasPython)("Python reads the script, and finds in it what the job wants", () => {
  const chosen = spec({
    hyperparameters: { n_epochs: 2, batch_size: 4, learning_rate_multiplier: 3 },
    seed: 7,
    validation: null,
  });
  expect(
    constantsOf([
      trainingScript({ jobId: "tj_1", spec: spec(), namespace: "acme" }),
      trainingScript({ jobId: "tj_2", spec: chosen, namespace: undefined }),
    ]),
  ).toEqual([
    {
      BASE_MODEL: "Qwen/Qwen3-0.6B",
      NAMESPACE: "acme",
      REPOSITORY: "crossover-tj_1",
      TRAINING_FILE: "crossover-tj_1-train.jsonl",
      VALIDATION_FILE: "crossover-tj_1-validation.jsonl",
      EPOCHS: 3,
      BATCH_SIZE: 16,
      LEARNING_RATE: 0.0002,
      SEED: 42,
      MAX_TOKENS: 4096,
    },
    {
      BASE_MODEL: "Qwen/Qwen3-0.6B",
      NAMESPACE: null,
      REPOSITORY: "crossover-tj_2",
      TRAINING_FILE: "crossover-tj_2-train.jsonl",
      VALIDATION_FILE: null,
      EPOCHS: 2,
      BATCH_SIZE: 4,
      LEARNING_RATE: 0.0006,
      SEED: 7,
      MAX_TOKENS: 4096,
    },
  ]);
});

test.skipIf(!hasPython)(
  "any name and any number stands in the script as it is, and is nothing but a value",
  () => {
    const job = fc.record({
      model: fc.string({ unit: "grapheme" }),
      rate: fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
    });
    const jobs = [...fc.sample(job, 200), { model: '"\\\n"""${x}\u2028\u0000', rate: 0.1 }];
    const scripts = jobs.map(({ model, rate }) =>
      trainingScript({
        jobId: "tj_1",
        spec: spec({
          base_model: model,
          hyperparameters: { n_epochs: null, batch_size: null, learning_rate_multiplier: rate },
        }),
        namespace: "acme",
      }),
    );
    const read = constantsOf(scripts);
    expect(read.map((constants) => constants["BASE_MODEL"])).toEqual(jobs.map(({ model }) => model));
    for (const [at, { rate }] of jobs.entries())
      expect(read[at]?.["LEARNING_RATE"]).toBeCloseTo(rate * 2e-4, 6 - Math.ceil(Math.log10(rate)));
  },
);

test("the script is the same for the same job, and holds no secret", () => {
  const write = () => trainingScript({ jobId: "tj_1", spec: spec(), namespace: "acme" });
  expect(write()).toBe(write());
  expect(write()).not.toMatch(/hf_[A-Za-z0-9]{8}/);
  expect(write()).toContain('#   "trl==1.16.0",');
  expect(
    write()
      .split("\n")
      .filter((line) => line.length > 130),
  ).toEqual([]);
});
