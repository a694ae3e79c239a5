import { randomBytes } from "node:crypto";
import { z } from "zod";

import {
  datedRequest,
  type Plan,
  Refusal,
  request,
  type StateOptions,
  type StoredFile,
  type StoredJob,
  TRAINED,
} from "./openai-tuning-records.ts";

const BOM = "\uFEFF";
const NO_BOM = "Validation of jsonl data failed: the file must be in UTF-8 with a byte-order mark (BOM).";

const row = z.object({
  messages: z
    .array(z.object({ role: z.string() }))
    .refine((all) => all.some(({ role }) => role === "assistant")),
});

/** Files and jobs of an account, as the provider keeps them. */
export class TuningState {
  readonly files: StoredFile[] = [];
  /** Oldest first. */
  readonly jobs: StoredJob[] = [];
  plan: Plan = { ends: "succeeded" };
  readonly #options: StateOptions;

  constructor(options: StateOptions) {
    this.#options = options;
  }

  addFile(filename: string, purpose: string, content: string): StoredFile {
    const isAzure = this.#options.flavour === "azure";
    const wrong = linesOf(content, isAzure).findIndex((line) => !isDictionary(line));
    if (wrong !== -1 && !isAzure) {
      throw new Refusal(
        400,
        null,
        `Invalid file format. Expected file to have JSONL format, where every line is a valid JSON dictionary. Line ${wrong + 1} is not a dictionary.`,
      );
    }
    const file: StoredFile = {
      id: newId("file-"),
      filename,
      purpose,
      created_at: now(),
      content,
      bytes: Buffer.byteLength(content),
      status: isAzure ? "pending" : "processed",
      status_details:
        isAzure && !content.startsWith(BOM)
          ? NO_BOM
          : wrong === -1
            ? undefined
            : `Validation of jsonl data failed: line ${wrong + 1}.`,
      pollsLeft: isAzure ? this.#options.importPolls : 0,
    };
    this.files.push(file);
    return file;
  }

  /** A file as its own request finds it: an import goes on with each. */
  file(id: string): StoredFile {
    const file = this.#find(id);
    if (file.status === "pending" && --file.pollsLeft <= 0) {
      file.status = file.status_details === undefined ? "processed" : "error";
    }
    return file;
  }

  /** As if it had expired, or somebody had deleted it. */
  deleteFile(id: string): void {
    const file = this.#find(id);
    this.files.splice(this.files.indexOf(file), 1);
  }

  #find(id: string): StoredFile {
    const file = this.files.find((one) => one.id === id);
    if (file !== undefined) return file;
    const isAzure = this.#options.flavour === "azure";
    throw new Refusal(404, isAzure ? "notFound" : null, `No such File object: ${id}`, isAzure ? null : "id");
  }

  createJob(body: unknown, isDated: boolean): StoredJob {
    const isAzure = this.#options.flavour === "azure";
    const parsed = (isDated ? datedRequest : request).safeParse(body);
    if (!parsed.success) {
      const { path, message } = parsed.error.issues[0] ?? { path: [], message: "" };
      throw new Refusal(
        400,
        isAzure ? "invalidPayload" : "invalid_value",
        `${path.join(".")}: ${message}`,
        path.join("."),
      );
    }
    const { model, training_file, validation_file } = parsed.data;
    if (!TRAINED[this.#options.flavour].test(model)) {
      throw isAzure
        ? new Refusal(400, "invalidPayload", "The specified base model does not support fine-tuning.")
        : new Refusal(
            400,
            "model_not_available",
            `Model ${model} is not available for fine-tuning or does not exist.`,
            "model",
          );
    }
    for (const id of [training_file, validation_file ?? training_file]) {
      if (this.#find(id).status === "pending") {
        throw new Refusal(
          400,
          "unexpectedEntityState",
          `The file ${id} is not ready to be used for fine-tuning.`,
        );
      }
    }
    const job: StoredJob = {
      id: newId("ftjob-"),
      created_at: now(),
      request: parsed.data,
      plan: this.plan,
      status: isAzure ? "pending" : "validating_files",
      step: 0,
      finished_at: null,
      fine_tuned_model: null,
      error: null,
      events: [],
      checkpoints: [],
    };
    this.jobs.push(job);
    say(job, `Created fine-tuning job: ${job.id}`);
    say(job, `Validating training file: ${training_file}`);
    return job;
  }

  job(id: string): StoredJob {
    const job = this.jobs.find((one) => one.id === id);
    if (job !== undefined) return job;
    const isAzure = this.#options.flavour === "azure";
    throw isAzure
      ? new Refusal(404, "notFound", `The resource with id ${id} is not found.`)
      : new Refusal(404, "fine_tune_not_found", `Could not find fine tune: ${id}`, "fine_tune_id");
  }

  cancel(id: string): StoredJob {
    const job = this.job(id);
    if (isOver(job)) {
      const code = this.#options.flavour === "azure" ? "unexpectedEntityState" : null;
      throw new Refusal(400, code, `Job has already completed: ${id}`);
    }
    this.#end(job, "cancelled");
    say(job, "Fine-tuning job cancelled");
    return job;
  }

  /** The next thing happens to a job; nothing to one that has ended. */
  advance(job: StoredJob): void {
    switch (job.status) {
      case "validating_files":
        return this.#validated(job, "queued");
      case "queued":
        return this.#started(job);
      case "pending":
        this.#validated(job, "pending");
        return isOver(job) ? undefined : this.#started(job);
      case "running":
        return this.#trained(job);
    }
  }

  #validated(job: StoredJob, next: string): void {
    const error =
      job.plan.ends === "failed" && job.plan.at === "validation" ? job.plan.error : this.#fault(job);
    if (error !== undefined) return this.#failed(job, error);
    job.status = next;
    say(job, "Files validated, moving job to queued state");
  }

  #fault({ request: { training_file } }: StoredJob): StoredJob["error"] | undefined {
    const content = this.files.find(({ id }) => id === training_file)?.content ?? "";
    const rows = linesOf(content, this.#options.flavour === "azure");
    const wrong = rows.findIndex((line) => !row.safeParse(JSON.parse(line)).success);
    const fault = (what: string) => ({
      code: "invalid_training_file",
      message: `The job failed due to an invalid training file. ${what}`,
      param: "training_file",
    });
    if (wrong !== -1)
      return fault(`Invalid file format. Line ${wrong + 1} has no conversation to learn from.`);
    if (rows.length >= this.#options.minimumRows) return undefined;
    return fault(
      `Training file has ${rows.length} example(s), but must have at least ${this.#options.minimumRows} examples`,
    );
  }

  #started(job: StoredJob): void {
    job.status = "running";
    say(job, "Fine-tuning job started");
  }

  #trained(job: StoredJob): void {
    const { steps, stepsPerAdvance } = this.#options;
    for (let made = 0; made < stepsPerAdvance && job.step < steps; made++) measure(job, ++job.step, steps);
    if (job.step < steps) return;
    if (job.plan.ends === "failed") return this.#failed(job, job.plan.error);
    const { model, suffix = "" } = job.request;
    const short = job.id.slice(-8);
    job.fine_tuned_model =
      this.#options.flavour === "azure"
        ? `${model}.ft-${short}-${suffix}`
        : `ft:${model}:double:${suffix}:${short}`;
    for (const third of [1, 2, 3])
      keepCheckpoint(job, Math.max(1, Math.round((steps * third) / 3)), third === 3);
    say(job, `New fine-tuned model created: ${job.fine_tuned_model}`);
    say(job, "The job has successfully completed");
    this.#end(job, "succeeded");
  }

  #failed(job: StoredJob, error: NonNullable<StoredJob["error"]> | null): void {
    job.error = error;
    say(job, error?.message ?? "Failed", "error");
    this.#end(job, "failed");
  }

  #end(job: StoredJob, status: string): void {
    job.status = status;
    job.finished_at = now();
  }
}

export function isOver({ status }: StoredJob): boolean {
  return ["succeeded", "failed", "cancelled"].includes(status);
}

export function say(job: StoredJob, message: string, level: "info" | "error" = "info"): void {
  job.events.push({
    object: "fine_tuning.job.event",
    id: newId("ftevent-"),
    created_at: now(),
    level,
    message,
    type: "message",
    data: {},
  });
}

function measure(job: StoredJob, step: number, steps: number): void {
  const train_loss = Math.round(1e4 * (2 / (1 + step / 5))) / 1e4;
  const isValidated = step % 5 === 0;
  job.events.push({
    object: "fine_tuning.job.event",
    id: newId("ftevent-"),
    created_at: now(),
    level: "info",
    message: `Step ${step}/${steps}: training loss=${train_loss}`,
    type: "metrics",
    data: {
      step,
      total_steps: steps,
      train_loss,
      train_mean_token_accuracy: 0.9,
      ...(isValidated && { valid_loss: train_loss + 0.1, valid_mean_token_accuracy: 0.8 }),
      ...(step === steps && { full_valid_loss: train_loss + 0.05, full_valid_mean_token_accuracy: 0.85 }),
    },
  });
}

function keepCheckpoint(job: StoredJob, step: number, isLast: boolean): void {
  job.checkpoints.unshift({
    object: "fine_tuning.job.checkpoint",
    id: newId("ftckpt_"),
    created_at: now(),
    fine_tuned_model_checkpoint: `${job.fine_tuned_model}${isLast ? "" : `:ckpt-step-${step}`}`,
    fine_tuning_job_id: job.id,
    metrics: { step, train_loss: 0.5, full_valid_loss: 0.6 },
    step_number: step,
  });
}

/** Azure's begin with a byte-order mark, which is none of the first line. */
function linesOf(content: string, isAzure: boolean): readonly string[] {
  return (isAzure ? content.replace(BOM, "") : content).trimEnd().split("\n");
}

function isDictionary(line: string): boolean {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function newId(prefix: string): string {
  return `${prefix}${randomBytes(12).toString("hex")}`;
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}
