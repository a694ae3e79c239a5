import type { Deployer, Deployment } from "../../src/tuning/deployer.ts";
import {
  type Observation,
  type ProblemKind,
  ProviderProblem,
  type Trainer,
  type TrainingRequest,
} from "../../src/tuning/trainer.ts";

/** A provider's refusal. */
export function problem(
  kind: ProblemKind,
  message = `it is ${kind}`,
  raw = message,
  status = 500,
): ProviderProblem {
  return new ProviderProblem({ message, hint: "Do something.", status, code: "fault", raw, kind });
}

/** How far a job is. */
export function seen(phase: Observation["phase"], more: Partial<Observation> = {}): Observation {
  return {
    phase,
    status: phase,
    events: [],
    losses: [],
    step: undefined,
    steps: undefined,
    estimatedFinish: undefined,
    trainedTokens: undefined,
    model: phase === "succeeded" ? "ft:tuned-model" : undefined,
    checkpoints: [],
    problem: undefined,
    seen: undefined,
    ...more,
  };
}

/** Both ends of a call: what is thrown before leaves nothing done, what is thrown after is an answer that was lost. */
export type Moment = `${"before" | "after"} ${string}`;

/** A provider in memory that takes faults, counts what is really done, and follows a script of observations. */
export class FakeProvider {
  readonly files = new Map<string, { readonly id: string; readonly text: string }>();
  readonly jobs = new Map<string, string>();
  readonly deployments = new Map<string, Deployment>();
  /** What was really done, such as `upload NAME`, in order. */
  readonly effects: string[] = [];
  readonly calls: string[] = [];
  /** One for each observation; the last stays. */
  script: Observation[] = [
    seen("waiting", { status: "queued" }),
    seen("running", {
      step: 1,
      steps: 2,
      losses: [{ step: 1, training: 2.5, validation: null }],
      events: [{ at: 1, message: "step 1" }],
      seen: "e1",
    }),
    seen("succeeded", {
      step: 2,
      losses: [{ step: 2, training: 1.5, validation: 1.75 }],
      trainedTokens: 500,
      checkpoints: [{ id: "c1", step: 1, model: "ft:tuned-model:1" }],
    }),
  ];
  /** What a deployment is at each look; the last stays. */
  deploying: Pick<Deployment, "phase" | "status" | "message">[] = [
    { phase: "creating", status: "Creating", message: undefined },
    { phase: "running", status: "Succeeded", message: undefined },
  ];
  /** Told of each moment; what it throws is the call's. */
  at: (moment: Moment) => void | Promise<void> = () => {};
  /** USD an hour of a deployment. */
  hosting: number | undefined = 1.7;
  /** So many looks do not find a job that is there. */
  blind = 0;
  /** Takes the wish to cancel a job, and trains on. */
  trainsOn = false;
  #cancelled = false;

  readonly trainer: Trainer = {
    upload: (file) =>
      this.#call("upload", async () => {
        const known = this.files.get(file.name);
        if (known !== undefined) return known.id;
        const text = await (await file.open()).text();
        this.effects.push(`upload ${file.purpose}`);
        const id = `file-${this.files.size + 1}`;
        this.files.set(file.name, { id, text });
        return id;
      }),
    find: ({ jobId }: TrainingRequest) =>
      this.#call("find", async () =>
        this.jobs.size > 0 && this.blind-- > 0 ? undefined : this.jobs.get(jobId),
      ),
    create: ({ jobId }: TrainingRequest) =>
      this.#call("create", async () => {
        this.effects.push("create");
        const id = `ftjob-${this.effects.length}`;
        this.jobs.set(jobId, id);
        return id;
      }),
    observe: () =>
      this.#call("observe", async () => {
        if (this.#cancelled) return seen("cancelled");
        const [next] = this.script;
        if (next === undefined) throw problem("final", "there is no script");
        if (this.script.length > 1) this.script.shift();
        return next;
      }),
    removeFiles: ({ names }) =>
      this.#call("remove files", async () => {
        for (const name of names) if (this.files.delete(name)) this.effects.push(`remove ${name}`);
      }),
    cancel: () =>
      this.#call("cancel", async () => {
        this.effects.push("cancel");
        const [{ phase } = seen("failed")] = this.script;
        this.#cancelled = !this.trainsOn && (phase === "waiting" || phase === "running");
      }),
  };

  readonly deployer: Deployer = {
    deploy: ({ name, model }) =>
      this.#call("deploy", async () => {
        if (this.deployments.has(name)) return;
        this.effects.push(`deploy ${name}`);
        this.deployments.set(name, {
          name,
          model,
          phase: "creating",
          status: "Creating",
          message: undefined,
          address: name,
          capacity: 10,
          hostingPerHour: this.hosting,
        });
      }),
    find: (name) =>
      this.#call("find deployment", async () => {
        const made = this.deployments.get(name);
        const [next] = this.deploying;
        if (made === undefined || next === undefined) return undefined;
        if (this.deploying.length > 1) this.deploying.shift();
        return { ...made, ...next };
      }),
    list: () => this.#call("list", async () => [...this.deployments.values()]),
    scale: (name, capacity) =>
      this.#call("scale", async () => void this.effects.push(`scale ${name} ${capacity}`)),
    remove: (name) =>
      this.#call("remove", async () => {
        if (this.deployments.delete(name)) this.effects.push(`remove ${name}`);
      }),
  };

  async #call<T>(name: string, act: () => Promise<T>): Promise<T> {
    this.calls.push(name);
    await this.at(`before ${name}`);
    const result = await act();
    await this.at(`after ${name}`);
    return result;
  }
}
