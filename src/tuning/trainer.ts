import type { Checkpoint, LossPoint, TuningSpec } from "./job.ts";

/** A file of a job on its way to a provider. */
export interface Upload {
  /** Its name at the provider: it holds the job's id, so that it can be found again. */
  readonly name: string;
  readonly purpose: "training" | "validation";
  readonly bytes: number;
  /** Its content from the beginning. */
  readonly open: () => Promise<Blob>;
}

/** What was uploaded for a job. */
export interface UploadedFiles {
  readonly jobId: string;
  /** Ids as `upload` returned them, as far as they are known. */
  readonly ids: readonly string[];
  /** Names of all that may have been uploaded: an id may have been lost. */
  readonly names: readonly string[];
}

/** What a job is created with. */
export interface TrainingRequest {
  /** The id of our job, which the provider's carries. */
  readonly jobId: string;
  readonly spec: TuningSpec;
  /** As `upload` returned them. */
  readonly trainingFile: string;
  readonly validationFile: string | undefined;
}

/** How far a job is at its provider. */
export interface Observation {
  /** `waiting`: it has not begun. */
  readonly phase: "waiting" | "running" | "succeeded" | "failed" | "cancelled";
  /** In the provider's own word. */
  readonly status: string;
  /** What it said since `seen`, oldest first. */
  readonly events: readonly { readonly at: number; readonly message: string }[];
  readonly losses: readonly LossPoint[];
  readonly step: number | undefined;
  readonly steps: number | undefined;
  /** Milliseconds since 1970. */
  readonly estimatedFinish: number | undefined;
  readonly trainedTokens: number | undefined;
  /** Passes over the training file, once they are chosen. */
  readonly epochs?: number | undefined;
  /** Of a job that succeeded. */
  readonly model: string | undefined;
  readonly checkpoints: readonly Checkpoint[];
  /** Why it failed. */
  readonly problem: ProviderProblem | undefined;
  /** What the next observation is to be given. */
  readonly seen: string | undefined;
}

/**
 * Trains models at one provider. Every method may throw ProviderProblem, and the signal's reason once it is aborted. None
 * tries again by itself: the job's driver does.
 */
export interface Trainer {
  /** Uploads a file, unless one of its name and size is there already. @returns its id, once it may be used */
  upload(file: Upload, signal: AbortSignal): Promise<string>;
  /** The provider's id of the job that was created for ours, if one was. */
  find(request: TrainingRequest, signal: AbortSignal): Promise<string | undefined>;
  /** @returns the provider's id of the job */
  create(request: TrainingRequest, signal: AbortSignal): Promise<string>;
  /** @param seen of the observation before */
  observe(id: string, seen: string | undefined, signal: AbortSignal): Promise<Observation>;
  /** Deletes what was uploaded for a job; what is gone is well. Of a model that was trained nothing is deleted. */
  removeFiles(files: UploadedFiles, signal: AbortSignal): Promise<void>;
  /** Asks for its end; observing tells when it has come. A job that has ended is left as it is. */
  cancel(id: string, signal: AbortSignal): Promise<void>;
}

export interface ProblemFields {
  /** What happened, in plain words. */
  readonly message: string;
  readonly hint?: string | undefined;
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  /** What the provider said. */
  readonly raw: string;
  readonly kind: ProblemKind;
}

/**
 * `temporary`: the same may succeed later. `lasting`: so it may, but in hours rather than minutes. `unknown`: no answer came, and it may have been done all the same.
 * `unsupported`: the account can't do this, and a person can do it by hand. `final`: it stays so.
 */
export type ProblemKind = "temporary" | "lasting" | "unknown" | "unsupported" | "final";

/** A provider refused or failed. */
export class ProviderProblem extends Error {
  override readonly name = "ProviderProblem";
  readonly hint: string | undefined;
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly raw: string;
  readonly kind: ProblemKind;

  constructor(fields: ProblemFields) {
    super(fields.message);
    this.hint = fields.hint;
    this.status = fields.status;
    this.code = fields.code;
    this.raw = fields.raw;
    this.kind = fields.kind;
  }
}
