import { expect } from "vitest";
import type { AzureAccess, OpenAIAccess } from "../../src/domain/tuning.ts";
import type { TuningSpec } from "../../src/tuning/job.ts";
import { openaiTrainer } from "../../src/tuning/openai-trainer.ts";
import {
  ProviderProblem,
  type Trainer,
  type TrainingRequest,
  type Upload,
} from "../../src/tuning/trainer.ts";
import { startTuningDouble, type TuningDouble, type TuningDoubleOptions } from "../support/openai-tuning.ts";

/** The APIs that one trainer speaks. */
export const APIS = ["openai", "azure 2024-10-21", "azure v1", "azure preview"] as const;
export type Api = (typeof APIS)[number];

export interface Stage {
  readonly double: TuningDouble;
  readonly trainer: Trainer;
}

export async function startStage(api: Api = "openai", options: TuningDoubleOptions = {}): Promise<Stage> {
  const flavour = api === "openai" ? "openai" : "azure";
  const double = await startTuningDouble({ flavour, ...options });
  const trainer = openaiTrainer(accessTo(double, api), { importPollMs: 1 });
  if (flavour === "openai") return { double, trainer };
  return { double, trainer: { ...trainer, upload: (file, signal) => trainer.upload(marked(file), signal) } };
}

/** As the job's folder has a file for Azure. */
function marked({ bytes, open, ...file }: Upload): Upload {
  return { ...file, bytes: bytes + 3, open: async () => new Blob(["\uFEFF", await open()]) };
}

export function accessTo({ url, apiKey }: TuningDouble, api: Api = "openai"): OpenAIAccess | AzureAccess {
  if (api === "openai") {
    return {
      api: "openai",
      baseURL: `${url}/v1`,
      apiKey,
      organization: undefined,
      project: undefined,
      fetch: undefined,
    };
  }
  const apiVersion = api.replace("azure ", "");
  return { api: "azure", endpoint: url, apiKey, entraToken: undefined, apiVersion, management: undefined };
}

/** A data set of so many rows, with text that is not ASCII. */
export function rowsOf(count: number): string {
  const row = (n: number) =>
    JSON.stringify({
      messages: [
        { role: "user", content: `Frage ${n}: übergießen?` },
        { role: "assistant", content: `Antwort ${n} 🍲` },
      ],
    });
  return `${Array.from({ length: count }, (_, n) => row(n)).join("\n")}\n`;
}

export function uploadOf(text: string = rowsOf(12), name = "crossover-job1-train.jsonl"): Upload {
  const blob = new Blob([text]);
  return { name, purpose: "training", bytes: blob.size, open: async () => blob };
}

export function specOf(change: Partial<TuningSpec> = {}): TuningSpec {
  const file = { name: "train.jsonl", rows: 12, bytes: 100, tokens: 100, sha256: "00" };
  return {
    route: "recipes",
    provider: "main",
    api: "openai",
    simulated: false,
    base_model: "gpt-4.1-mini",
    control: "prompted",
    model: "recipes-job1",
    variant: "tuned",
    replaces: false,
    method: "supervised",
    hyperparameters: { n_epochs: null, batch_size: null, learning_rate_multiplier: null },
    suffix: null,
    seed: null,
    training: file,
    validation: null,
    ...change,
  };
}

export function requestOf(trainingFile: string, change: Partial<TuningSpec> = {}): TrainingRequest {
  return { jobId: "job1", spec: specOf(change), trainingFile, validationFile: undefined };
}

/** A signal that nobody aborts. */
export function calm(): AbortSignal {
  return new AbortController().signal;
}

/** Uploads and creates. @returns the provider's id of the job */
export async function begin({ trainer }: Stage, change: Partial<TuningSpec> = {}): Promise<string> {
  const file = await trainer.upload(uploadOf(), calm());
  return trainer.create(requestOf(file, change), calm());
}

/** The problem that something ends with. */
export async function problemOf(doing: Promise<unknown>): Promise<ProviderProblem> {
  const error: unknown = await doing.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ProviderProblem);
  if (!(error instanceof ProviderProblem)) throw new TypeError("it ended well");
  return error;
}

/** The id of a job with settings of all kinds, looked at until it has ended. */
export async function watched(stage: Stage): Promise<string> {
  const hyperparameters = { n_epochs: 3, batch_size: 4, learning_rate_multiplier: 1.8 };
  const id = await begin(stage, { hyperparameters, suffix: "menu", seed: 3 });
  for (let turn = 0; turn < 6; turn++) {
    await stage.trainer.observe(id, undefined, calm());
    stage.double.advance();
  }
  return id;
}
