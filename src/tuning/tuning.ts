import type { DatasetReport } from "../datasets/validate.ts";
import type { Deployment } from "./deployer.ts";
import type { JobEstimate, TuningJob, TuningSpec } from "./job.ts";
import type { DataSource } from "./job-folders.ts";
import type { NewNames } from "./names.ts";

/** What somebody wants to have trained. What is left out is found in the configuration. */
export interface TuningQuestion {
  readonly route: string;
  readonly training: DataSource;
  readonly validation?: DataSource | undefined;
  /** The name of a provider, or `openai`, `azure`, `huggingface` or `simulator` where one provider alone is of this kind. */
  readonly provider?: string | undefined;
  /** One of the configuration's models, or the upstream's name. Default: the model of the control. */
  readonly baseModel?: string | undefined;
  /** The variant to compare with. Default: the route's first one with a prompt. */
  readonly control?: string | undefined;
  /** Names of what comes out. Default: made of the route and the job's id. */
  readonly model?: string | undefined;
  readonly variant?: string | undefined;
  readonly epochs?: number | undefined;
  readonly batchSize?: number | undefined;
  readonly learningRateMultiplier?: number | undefined;
  readonly suffix?: string | undefined;
  readonly seed?: number | undefined;
  /** USD per million trained tokens, in place of the price list's. */
  readonly usdPerMillion?: number | undefined;
}

/** A job that could begin: what it would train, on what, and for how much. Nothing has been done. */
export interface TuningPlan {
  readonly jobId: string;
  readonly spec: TuningSpec;
  readonly estimate: JobEstimate;
  readonly reports: { readonly training: DatasetReport; readonly validation: DatasetReport | undefined };
  /** Equal for plans that would train the same model on the same data. */
  readonly fingerprint: string;
  /** Jobs that have done so, or are about to. */
  readonly earlier: readonly TuningJob[];
  readonly sources: ReadonlyMap<string, DataSource>;
  /** What should be known before, such as a simulated provider, no validation split, hosting that costs by the hour. */
  readonly notes: readonly string[];
}

/** A deployment, and who uses it. */
export interface ListedDeployment extends Deployment {
  readonly provider: string;
  /** Models of the configuration that it answers for. */
  readonly models: readonly string[];
  /** Milliseconds since 1970 of the last hour with a request through one of them; undefined: none is known. */
  readonly lastUsed: number | undefined;
  /** It costs by the hour, was made more than a day ago as far as is known, and had no request for a day. */
  readonly idle: boolean;
}

/** What came of deleting a job. */
export interface JobRemoval {
  readonly id: string;
  /** False: all stays here, so that it can be tried again. */
  readonly deleted: boolean;
  /** What could not be deleted elsewhere, and why; undefined: nothing is left of the data set. */
  readonly left: string | undefined;
}

/** What answers for tuned models, as far as it could be told. */
export interface DeploymentOverview {
  readonly deployments: readonly ListedDeployment[];
  /** What could not be asked. Others are listed all the same: they may cost by the hour. */
  readonly problems: readonly {
    /** Undefined: the store, which knows when a deployment was last used. */
    readonly provider: string | undefined;
    readonly message: string;
  }[];
}

/** Fine-tuning, as the command line and the admin API see it. Methods throw GatewayError for what can't be, and StoreError. */
export interface Tuning {
  /** Validates and reckons. @throws GatewayError 400 for a data set with errors, which the error tells */
  plan(question: TuningQuestion): Promise<TuningPlan>;
  /**
   * Begins a job: it is in the store once this resolves.
   * @param force begin it though the same was trained before
   * @throws GatewayError 409 `tuning_job_exists` for what was trained before, or is about to be
   */
  start(plan: TuningPlan, force: boolean): Promise<TuningJob>;
  job(id: string): Promise<TuningJob | undefined>;
  /** Newest first. */
  jobs(filter: {
    /** Those that have not ended, or those that have. Default: both. */
    readonly open?: boolean | undefined;
    readonly route?: string | undefined;
    readonly limit: number;
  }): Promise<readonly TuningJob[]>;
  /**
   * Asks for its end. One that waits for a person and has left something at its provider is worked on for that; asked
   * again, it ends at once. @throws GatewayError 404, 409 for a job that has ended
   */
  cancel(id: string): Promise<TuningJob>;
  /**
   * Goes on with a job that waits for a person.
   * @param address what was trained and deployed by hand: an `ft:` id, a deployment, an endpoint's URL
   * @param names other ones for what comes out, where those of the job are taken by now
   * @throws GatewayError 400 for what does not fit the configuration, 404, 409 for a job that waits for nobody
   */
  register(id: string, address: string, names?: NewNames): Promise<TuningJob>;
  /** Goes on with a job that waits for a person, where it was. @throws GatewayError 404, 409 for a job that waits for nobody */
  resume(id: string): Promise<TuningJob>;
  /**
   * Deletes a job with all copies of its data set, here and at the provider. Model and deployment stay. One that waits for a person
   * is cancelled before.
   * @param forget delete what is here, though something elsewhere can't be. Default: nothing then
   * @throws GatewayError 404, 409 for one that is still worked on
   */
  remove(id: string, forget?: boolean): Promise<JobRemoval>;
  /**
   * Works on a job until it has ended or waits for a person; somebody else may do so instead.
   * @param waits is called each time that somebody else has it, with when it is free should they be gone, in milliseconds since 1970
   */
  work(id: string, signal: AbortSignal, waits?: (until: number) => void): Promise<TuningJob>;
  /** @throws GatewayError 404 for a provider that deploys nothing */
  deployments(provider?: string): Promise<DeploymentOverview>;
  scale(provider: string, name: string, capacity: number): Promise<void>;
  undeploy(provider: string, name: string): Promise<void>;
}
