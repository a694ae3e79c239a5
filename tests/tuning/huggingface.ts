import { expect } from "vitest";
import type { HuggingFaceAccess } from "../../src/domain/tuning.ts";
import type { JobFile, TuningSpec } from "../../src/tuning/job.ts";
import { ProviderProblem, type TrainingRequest, type Upload } from "../../src/tuning/trainer.ts";
import { uploadName } from "../../src/tuning/training-script.ts";
import { HUB_TOKEN, type HuggingFaceHub } from "../support/huggingface-hub.ts";

export const JOB = "tj_0001";
/** The name of the job's repositories at the double. */
export const REPOSITORY = `acme/crossover-${JOB}`;

export function accessTo(
  hub: Pick<HuggingFaceHub, "url">,
  changes: Partial<HuggingFaceAccess> = {},
): HuggingFaceAccess {
  return {
    api: "huggingface",
    token: HUB_TOKEN,
    hubURL: hub.url,
    endpointsURL: hub.url,
    namespace: undefined,
    flavor: "a10g-small",
    timeoutSeconds: 3600,
    endpoint: {
      vendor: "aws",
      region: "us-east-1",
      accelerator: "gpu",
      instanceType: "nvidia-l4",
      instanceSize: "x1",
      scaleToZeroMinutes: 15,
      hostingPerHour: undefined,
    },
    ...changes,
  };
}

function jobFile(name: string): JobFile {
  return { name, rows: 20, bytes: 100, tokens: 200, sha256: "0".repeat(64) };
}

export function spec(changes: Partial<TuningSpec> = {}): TuningSpec {
  return {
    route: "intents",
    provider: "hf",
    api: "huggingface",
    simulated: false,
    base_model: "Qwen/Qwen3-0.6B",
    control: "prompted",
    model: "intents-tuned",
    variant: "tuned",
    replaces: false,
    method: "supervised",
    hyperparameters: { n_epochs: null, batch_size: null, learning_rate_multiplier: null },
    suffix: null,
    seed: null,
    training: jobFile("train.jsonl"),
    validation: jobFile("validation.jsonl"),
    ...changes,
  };
}

export function upload(content: string, purpose: Upload["purpose"] = "training"): Upload {
  const blob = new Blob([content]);
  const name = uploadName(JOB, purpose === "training" ? "train.jsonl" : "validation.jsonl");
  return { name, purpose, bytes: blob.size, open: async () => blob };
}

/** Of a job whose files are uploaded. */
export function request(changes: Partial<TrainingRequest> = {}): TrainingRequest {
  return {
    jobId: JOB,
    spec: spec(),
    trainingFile: `datasets/${REPOSITORY}/crossover-${JOB}-train.jsonl`,
    validationFile: `datasets/${REPOSITORY}/crossover-${JOB}-validation.jsonl`,
    ...changes,
  };
}

/** What the work fails with; in none of its words is the token. */
export async function problemOf(work: Promise<unknown>): Promise<ProviderProblem> {
  const problem = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(problem instanceof ProviderProblem)) throw new TypeError(`no problem but ${String(problem)}`);
  expect(`${problem.message} ${problem.hint} ${problem.raw}`).not.toContain(HUB_TOKEN);
  return problem;
}
