import type { TuningJob } from "./job.ts";
import { stepped } from "./transitions.ts";
import type { TuningPlan } from "./tuning.ts";

/** A job in its first state. @param now milliseconds since 1970 */
export function newJob(
  { jobId, spec, estimate, notes }: Pick<TuningPlan, "jobId" | "spec" | "estimate" | "notes">,
  now: number,
): TuningJob {
  const job: TuningJob = {
    object: "crossover.tuning_job",
    id: jobId,
    created: now,
    updated: now,
    state: "uploading",
    entered: now,
    cancel_asked: false,
    spec,
    estimate,
    remote: {
      place: null,
      training_file: null,
      validation_file: null,
      create_tried_at: null,
      id: null,
      ended: false,
      end_asked_at: null,
      status: null,
      step: null,
      steps: null,
      estimated_finish: null,
      trained_tokens: null,
      epochs: null,
      seen: null,
      model: null,
      checkpoints: [],
      deployment: null,
      hosting_per_hour: null,
      address: null,
    },
    losses: [],
    journal: [],
    problem: null,
    evaluation: null,
    registered: false,
    proposal: null,
  };
  const begun = stepped(job, `The job begins: ${spec.base_model} at ${spec.provider}.`, now);
  return notes.reduce((noted, note) => stepped(noted, note, now), begun);
}
