import {
  isEnded,
  type JobEvaluation,
  type JobProblem,
  type JobState,
  type JournalEntry,
  type RemoteJob,
  type TuningJob,
} from "./job.ts";
import { written } from "./journal.ts";
import { joined } from "./losses.ts";
import type { Observation } from "./trainer.ts";

/** Every change of a job. None leaves an end, save for `reopened`; each writes what happened into the journal. */

/** What an observation says without why it failed: that is the driver's to explain. */
export type Seen = Omit<Observation, "problem">;

/** The last status that a job had is told once, not with each observation. */
export function observed(job: TuningJob, seen: Seen, now: number): TuningJob {
  if (isEnded(job.state)) return job;
  const { remote } = job;
  const events = seen.events.map(
    ({ at, message }): JournalEntry => ({
      at: Number.isFinite(at) ? at : now,
      state: job.state,
      kind: "event",
      message,
    }),
  );
  const changed: TuningJob = {
    ...job,
    updated: now,
    losses: [...joined(job.losses, seen.losses)],
    journal: [...written(job.journal, events)],
    remote: {
      ...remote,
      status: seen.status,
      step: seen.step ?? remote.step,
      steps: seen.steps ?? remote.steps,
      estimated_finish: seen.estimatedFinish ?? null,
      trained_tokens: seen.trainedTokens ?? remote.trained_tokens,
      seen: seen.seen ?? remote.seen,
      model: seen.model ?? remote.model,
      checkpoints: seen.checkpoints.length > 0 ? [...seen.checkpoints] : remote.checkpoints,
    },
  };
  return seen.status === remote.status
    ? changed
    : stepped(changed, `The provider says: ${seen.status}.`, now);
}

/** Something was done. */
export function stepped(job: TuningJob, message: string, now: number): TuningJob {
  return isEnded(job.state) ? job : noted(job, "step", message, now);
}

/** Something went wrong that is tried again. */
export function troubled(job: TuningJob, message: string, now: number): TuningJob {
  return isEnded(job.state) ? job : noted(job, "problem", message, now);
}

/** What there is at the provider is known better. */
export function known(job: TuningJob, remote: Partial<RemoteJob>, message: string, now: number): TuningJob {
  return isEnded(job.state) ? job : stepped({ ...job, remote: { ...job.remote, ...remote } }, message, now);
}

/** On to the next state. */
export function moved(job: TuningJob, state: JobState, message: string, now: number): TuningJob {
  if (isEnded(job.state)) return job;
  return noted({ ...job, state }, "step", message, now);
}

/** It can't go on. */
export function failed(job: TuningJob, problem: Omit<JobProblem, "state">, now: number): TuningJob {
  return stopped(job, "failed", problem, now);
}

/** A person has to go on. */
export function handedOver(job: TuningJob, problem: Omit<JobProblem, "state">, now: number): TuningJob {
  return stopped(job, "manual", problem, now);
}

function stopped(
  job: TuningJob,
  state: "failed" | "manual",
  problem: Omit<JobProblem, "state">,
  now: number,
): TuningJob {
  if (isEnded(job.state)) return job;
  const told = noted(job, "problem", problem.message, now);
  const words = state === "failed" ? "The job has failed." : "The job waits for a person.";
  return noted({ ...told, state, problem: { state: job.state, ...problem } }, "step", words, now);
}

export function cancelAsked(job: TuningJob, now: number): TuningJob {
  if (isEnded(job.state) || job.cancel_asked) return job;
  return stepped({ ...job, cancel_asked: true }, "Its end was asked for.", now);
}

export function cancelled(job: TuningJob, message: string, now: number): TuningJob {
  return moved(job, "cancelled", message, now);
}

/** States after the training: what fails in them can be done again, and nothing is trained anew. */
const TRAINED: ReadonlySet<JobState> = new Set(["deploying", "evaluating", "registering"]);

/** Could a person say what answers for the model, and the job go on from there? */
export function isReopenable({ state, problem }: TuningJob): boolean {
  return state === "manual" || (state === "failed" && problem !== null && TRAINED.has(problem.state));
}

/** What was trained or deployed by hand is evaluated and registered. Changes nothing that waits for nobody. */
export function reopened(job: TuningJob, address: string, now: number): TuningJob {
  if (!isReopenable(job)) return job;
  const { remote } = job;
  const model = remote.model ?? address;
  const open: TuningJob = {
    ...job,
    state: "evaluating",
    cancel_asked: false,
    problem: null,
    remote: { ...remote, model, address },
  };
  return noted(open, "step", `A person says that ${address} answers for the model.`, now);
}

export function evaluated(
  job: TuningJob,
  evaluation: JobEvaluation | null,
  message: string,
  now: number,
): TuningJob {
  return isEnded(job.state) ? job : moved({ ...job, evaluation }, "registering", message, now);
}

/** @param proposal null: rules use the variant already */
export function succeeded(job: TuningJob, proposal: string | null, now: number): TuningJob {
  if (isEnded(job.state)) return job;
  const { model, variant } = job.spec;
  const use = proposal === null ? "Rules use it: it answers from now on." : "No rule uses it yet.";
  const message = `Registered the model ${model} and the variant ${variant}. ${use}`;
  return moved({ ...job, registered: true, proposal }, "succeeded", message, now);
}

function noted(job: TuningJob, kind: JournalEntry["kind"], message: string, at: number): TuningJob {
  return {
    ...job,
    updated: at,
    journal: [...written(job.journal, [{ at, state: job.state, kind, message }])],
  };
}
