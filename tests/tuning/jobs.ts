import type { JobFile, TuningJob, TuningSpec } from "../../src/tuning/job.ts";

/** 2026-11-26, 08:00 UTC. */
export const NOW = Date.UTC(2026, 10, 26, 8);

const FILE: JobFile = {
  name: "train.jsonl",
  rows: 1840,
  bytes: 500_000,
  tokens: 130_640,
  sha256: "3f78".repeat(16),
};

const SPEC: TuningSpec = {
  route: "recipes",
  provider: "main",
  api: "openai",
  simulated: false,
  base_model: "gpt-4.1-mini",
  control: "prompted",
  model: "recipes-ft",
  variant: "recipes-tuned",
  replaces: false,
  method: "supervised",
  hyperparameters: { n_epochs: 3, batch_size: null, learning_rate_multiplier: null },
  suffix: null,
  seed: null,
  training: FILE,
  validation: { ...FILE, name: "validation.jsonl", rows: 204 },
};

/** A job in training, an hour after it began. */
export const TRAINING: TuningJob = {
  object: "crossover.tuning_job",
  id: "ft_0123",
  created: NOW - 3_600_000,
  updated: NOW,
  state: "training",
  entered: NOW - 3_000_000,
  cancel_asked: false,
  spec: SPEC,
  estimate: {
    epochs: 3,
    billed_tokens: 400_000,
    usd: 2,
    usd_per_hour: null,
    usd_most: null,
    usd_as_of: "2026-05-01",
    seconds: 2400,
    basis: "By the list.",
  },
  remote: {
    place: null,
    training_file: "file-1",
    validation_file: "file-2",
    create_tried_at: null,
    id: "ftjob-1",
    ended: false,
    end_asked_at: null,
    status: "running",
    step: 25,
    steps: 100,
    estimated_finish: NOW + 1_500_000,
    trained_tokens: null,
    epochs: null,
    seen: null,
    model: null,
    checkpoints: [],
    deployment: null,
    hosting_per_hour: null,
    address: null,
  },
  losses: [
    { step: 1, training: 2.5, validation: null },
    { step: 2, training: 1.5, validation: 1.75 },
  ],
  journal: [
    { at: NOW - 3_600_000, state: "uploading", kind: "step", message: "Begun." },
    { at: NOW - 3_000_000, state: "training", kind: "step", message: "Created." },
    { at: NOW - 1_000, state: "training", kind: "event", message: "Step 25." },
  ],
  problem: null,
  evaluation: null,
  registered: false,
  proposal: null,
};

/** The same with other members of its parts. */
export function jobWith(
  more: Partial<Omit<TuningJob, "spec" | "remote">>,
  parts: { readonly spec?: Partial<TuningSpec>; readonly remote?: Partial<TuningJob["remote"]> } = {},
): TuningJob {
  return {
    ...TRAINING,
    ...more,
    spec: { ...SPEC, ...parts.spec },
    remote: { ...TRAINING.remote, ...parts.remote },
  };
}
