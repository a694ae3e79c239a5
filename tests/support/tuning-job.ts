import type { TuningJob } from "../../src/tuning/job.ts";

const AT = Date.parse("2027-01-31T18:00:00Z");

/** A job in training, and what is said of it otherwise. */
export function tuningJob(fields: Partial<TuningJob> = {}): TuningJob {
  return {
    object: "crossover.tuning_job",
    id: "tj_1",
    created: AT,
    updated: AT + 60_000,
    state: "training",
    entered: AT,
    cancel_asked: false,
    spec: {
      route: "recipes",
      provider: "openai",
      api: "openai",
      simulated: false,
      base_model: "gpt-4.1-mini",
      control: "prompted",
      model: "recipes-ft-1",
      variant: "recipes-tuned-1",
      replaces: false,
      method: "supervised",
      hyperparameters: { n_epochs: null, batch_size: null, learning_rate_multiplier: null },
      suffix: null,
      seed: null,
      training: { name: "train.jsonl", rows: 90, bytes: 9000, tokens: 1200, sha256: "ab".repeat(32) },
      validation: { name: "validation.jsonl", rows: 10, bytes: 1000, tokens: 130, sha256: "cd".repeat(32) },
    },
    estimate: {
      epochs: 3,
      billed_tokens: 3600,
      usd: 0.018,
      usd_per_hour: null,
      usd_most: null,
      usd_as_of: "2026-08-05",
      seconds: null,
      basis: "OpenAI's list price; nobody publishes how long it takes.",
    },
    remote: {
      place: null,
      training_file: "file-1",
      validation_file: "file-2",
      create_tried_at: AT,
      id: "ftjob-1",
      ended: false,
      end_asked_at: null,
      status: "running",
      step: 12,
      steps: 90,
      estimated_finish: AT + 780_000,
      trained_tokens: null,
      epochs: null,
      seen: null,
      model: null,
      checkpoints: [],
      deployment: null,
      hosting_per_hour: null,
      address: null,
    },
    losses: [],
    journal: [
      { at: AT, state: "uploading", kind: "step", message: "train.jsonl is uploaded" },
      { at: AT + 1000, state: "training", kind: "event", message: "Step 12/90" },
    ],
    problem: null,
    evaluation: null,
    registered: false,
    proposal: null,
    ...fields,
  };
}

/** The same at its good end. */
export function succeededJob(fields: Partial<TuningJob> = {}): TuningJob {
  const job = tuningJob();
  return {
    ...job,
    state: "succeeded",
    remote: { ...job.remote, ended: true, status: "succeeded", step: 90, model: "ft:gpt-4.1-mini:us::1" },
    evaluation: {
      comparison: "cx_1",
      rows: 11,
      compared: 10,
      control: {
        variant: "prompted",
        answered: 10,
        failed: 0,
        exact: 0.7,
        interval: { low: 0.397, high: 0.892 },
        input_tokens: 812.4,
      },
      candidate: {
        variant: "recipes-tuned-1",
        answered: 10,
        failed: 1,
        exact: 0.9,
        interval: { low: 0.596, high: 0.982 },
        input_tokens: 21,
      },
      difference: { low: -0.16, high: 0.51 },
    },
    registered: true,
    proposal: "routes:\n  recipes: { default: recipes-tuned-1 }\n",
    ...fields,
  };
}
