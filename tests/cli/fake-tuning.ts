import { type Mock, vi } from "vitest";
import { validate } from "../../src/datasets/validate.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import type { TuningJob } from "../../src/tuning/job.ts";
import type { NewNames } from "../../src/tuning/names.ts";
import type {
  DeploymentOverview,
  JobRemoval,
  ListedDeployment,
  Tuning,
  TuningPlan,
  TuningQuestion,
} from "../../src/tuning/tuning.ts";
import { tuningJob } from "../support/tuning-job.ts";

/** Jobs in memory, on which nobody works but the test. */
export class FakeTuning implements Tuning {
  readonly all = new Map<string, TuningJob>();
  readonly calls: (readonly unknown[])[] = [];
  left: string | undefined;
  earlier: readonly TuningJob[] = [];
  deployed: readonly ListedDeployment[] = [];
  unasked: DeploymentOverview["problems"] = [];
  /** What working on a job comes to. */
  work: Mock<Tuning["work"]> = vi.fn<Tuning["work"]>();

  put(job: TuningJob): TuningJob {
    this.all.set(job.id, job);
    return job;
  }

  async plan(question: TuningQuestion): Promise<TuningPlan> {
    this.calls.push(["plan", question]);
    const { spec, estimate, id } = tuningJob();
    const report = await validate([], { format: "openai", model: "gpt-4.1-mini" });
    return {
      jobId: id,
      spec,
      estimate,
      reports: { training: report, validation: undefined },
      fingerprint: "f",
      earlier: this.earlier,
      sources: new Map([["train.jsonl", question.training]]),
      notes: ["Hosting costs by the hour."],
    };
  }

  async start({ jobId }: TuningPlan, force: boolean): Promise<TuningJob> {
    this.calls.push(["start", jobId, force]);
    return this.put(tuningJob({ id: jobId, state: "uploading", journal: [] }));
  }

  async job(id: string): Promise<TuningJob | undefined> {
    return this.all.get(id);
  }

  async jobs(filter: {
    readonly route?: string | undefined;
    readonly limit: number;
  }): Promise<readonly TuningJob[]> {
    this.calls.push(["jobs", filter]);
    return [...this.all.values()];
  }

  async cancel(id: string): Promise<TuningJob> {
    this.calls.push(["cancel", id]);
    return this.put({ ...this.#known(id), cancel_asked: true });
  }

  async register(id: string, address: string, names: NewNames = {}): Promise<TuningJob> {
    this.calls.push(["register", id, address, names]);
    return this.put({ ...this.#known(id), state: "evaluating" });
  }

  async resume(id: string): Promise<TuningJob> {
    this.calls.push(["resume", id]);
    return this.put({ ...this.#known(id), state: "training" });
  }

  async remove(id: string): Promise<JobRemoval> {
    this.calls.push(["remove", id]);
    if (this.left === undefined) this.all.delete(id);
    return { id, deleted: this.left === undefined, left: this.left };
  }

  async deployments(provider?: string): Promise<DeploymentOverview> {
    this.calls.push(["deployments", provider]);
    return { deployments: this.deployed, problems: this.unasked };
  }

  async scale(...args: readonly [string, string, number]): Promise<void> {
    this.calls.push(["scale", ...args]);
  }

  async undeploy(...args: readonly [string, string]): Promise<void> {
    this.calls.push(["undeploy", ...args]);
  }

  #known(id: string): TuningJob {
    const job = this.all.get(id);
    if (job === undefined)
      throw new GatewayError({
        status: 404,
        type: "invalid_request_error",
        code: "tuning_job_not_found",
        message: "no",
      });
    return job;
  }
}
