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
import { leftBehind, mayBePaid, mayTrain, stillCosts } from "./left-behind.ts";
import { joined } from "./losses.ts";
import { NOT_REPLACED, whyNotLive } from "./replacing.ts";
import type { Observation } from "./trainer.ts";

/** Every change of a job. None leaves an end; each writes what happened into the journal. */

/** What went wrong, whatever state it is in. */
export type Problem = Omit<JobProblem, "state">;

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
      ended: isOver(seen),
      step: seen.step ?? remote.step,
      steps: seen.steps ?? remote.steps,
      estimated_finish: seen.estimatedFinish ?? null,
      trained_tokens: seen.trainedTokens ?? remote.trained_tokens,
      epochs: seen.epochs ?? remote.epochs,
      seen: seen.seen ?? remote.seen,
      model: seen.model ?? remote.model,
      checkpoints: seen.checkpoints.length > 0 ? [...seen.checkpoints] : remote.checkpoints,
    },
  };
  return seen.status === remote.status
    ? changed
    : stepped(changed, `The provider says: ${seen.status}.`, now);
}

/** A job that succeeded is over once its model is known. */
function isOver({ phase, model }: Seen): boolean {
  return phase === "failed" || phase === "cancelled" || (phase === "succeeded" && model !== undefined);
}

/** Something was done. */
export function stepped(job: TuningJob, message: string, now: number): TuningJob {
  return isEnded(job.state) ? job : noted(job, "step", message, now);
}

/** Something went wrong, and it goes on. */
export function troubled(job: TuningJob, message: string, now: number): TuningJob {
  return isEnded(job.state) ? job : noted(job, "problem", message, now);
}

/** Something went wrong that is tried again. It is told once, and shown until it is over. */
export function hindered(job: TuningJob, problem: Problem, now: number): TuningJob {
  if (isEnded(job.state) || job.problem?.message === problem.message) return job;
  const { state } = job;
  return noted({ ...job, problem: { state, ...problem } }, "problem", problem.message, now);
}

/** What was tried again succeeded. */
export function recovered(job: TuningJob, now: number): TuningJob {
  if (isEnded(job.state) || job.state === "manual") return job;
  return { ...job, updated: now, problem: null };
}

/** What there is at the provider is known better. */
export function known(job: TuningJob, remote: Partial<RemoteJob>, message: string, now: number): TuningJob {
  return isEnded(job.state) ? job : stepped({ ...job, remote: { ...job.remote, ...remote } }, message, now);
}

/** On to a state, which begins now. */
export function moved(job: TuningJob, state: JobState, message: string, now: number): TuningJob {
  if (isEnded(job.state)) return job;
  return noted({ ...job, state, entered: now, problem: null }, "step", message, now);
}

/** The gateway can't go on by itself: what may be paid for is a person's to decide on. */
export function halted(job: TuningJob, problem: Problem, now: number): TuningJob {
  return mayBePaid(job) ? handedOver(job, problem, now) : failed(job, problem, now);
}

/** Nothing comes of it. */
export function failed(job: TuningJob, problem: Problem, now: number): TuningJob {
  return stopped(job, "failed", problem, now);
}

/** A person has to go on. */
export function handedOver(job: TuningJob, problem: Problem, now: number): TuningJob {
  return stopped(job, "manual", problem, now);
}

function stopped(job: TuningJob, state: "failed" | "manual", problem: Problem, now: number): TuningJob {
  if (isEnded(job.state)) return job;
  // What is shown already was told when it came up.
  const told = hindered(job, problem, now);
  const words = state === "failed" ? "The job has failed." : "The job waits for a person.";
  return leaving({ ...moved(told, state, words, now), problem: { state: stateOf(job), ...problem } }, now);
}

/**
 * A person wants its end. Of a job that waits for them the work goes on, if something is left at the provider that can be
 * ended; asked for it a second time, it is given up.
 */
export function cancelAsked(job: TuningJob, now: number): TuningJob {
  if (isEnded(job.state) || (job.cancel_asked && job.state !== "manual")) return job;
  const asked = stepped({ ...job, cancel_asked: true }, "Its end was asked for.", now);
  if (job.state !== "manual") return asked;
  // What is being registered is finished, as it may be in the configuration already; this is not.
  const at = job.problem?.code === NOT_REPLACED ? "evaluating" : stateOf(job);
  const canBeEnded = mayTrain(job.remote) || job.remote.deployment !== null || at === "registering";
  if (job.cancel_asked || !canBeEnded) return cancelled(asked, "Cancelled.", now);
  // Whom the gateway has asked before has as long again.
  const end_asked_at = job.remote.end_asked_at === null ? null : now;
  const again: TuningJob = { ...asked, remote: { ...job.remote, end_asked_at } };
  return moved(again, at, "What there is of it is ended.", now);
}

export function cancelled(job: TuningJob, message: string, now: number): TuningJob {
  return isEnded(job.state) ? job : leaving(moved(job, "cancelled", message, now), now);
}

/** Tells what stays at the provider. */
function leaving(job: TuningJob, now: number): TuningJob {
  return leftBehind(job).reduce((told, line) => noted(told, "step", line, now), job);
}

/** Where a job is, or was before it waited for a person. */
function stateOf({ state, problem }: TuningJob): JobState {
  return state === "manual" ? (problem?.state ?? "creating") : state;
}

/** A person has seen to what it waited for: it goes on where it was. Changes nothing that waits for nobody. */
export function resumed(job: TuningJob, now: number): TuningJob {
  if (job.state !== "manual") return job;
  const again: TuningJob = { ...job, cancel_asked: false, remote: { ...job.remote, end_asked_at: null } };
  return moved(again, stateOf(job), "A person says that it can go on.", now);
}

/** What was trained or deployed by hand is evaluated and registered. Changes nothing that waits for nobody. */
export function reopened(job: TuningJob, address: string, now: number): TuningJob {
  if (job.state !== "manual") return job;
  const { remote } = job;
  const model = remote.model ?? address;
  const open: TuningJob = { ...job, cancel_asked: false, remote: { ...remote, model, address } };
  const message = `A person says that ${address} answers for the model.`;
  const isOurs = address === remote.deployment || address === remote.address;
  const others = isOurs ? { ...open, remote: { ...remote, deployment: null } } : open;
  return stillCosts(others).reduce(
    (told, line) => noted(told, "step", line, now),
    moved(open, "evaluating", message, now),
  );
}

/** On to the registering, unless a person has to decide on that: then it goes on there. */
export function evaluated(
  job: TuningJob,
  evaluation: JobEvaluation | null,
  message: string,
  now: number,
): TuningJob {
  if (isEnded(job.state)) return job;
  const done = moved({ ...job, evaluation }, "registering", message, now);
  const why = whyNotLive(job, evaluation);
  return why === undefined ? done : handedOver(done, why, now);
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
