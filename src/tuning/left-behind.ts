import type { RemoteJob, TuningJob } from "./job.ts";

type Left = Pick<TuningJob, "id" | "spec" | "remote">;

/** May the provider be training? What was asked for without an answer counts, and what it has not said to be over. */
export function mayTrain({ id, create_tried_at, ended }: RemoteJob): boolean {
  return id === null ? create_tried_at !== null : !ended;
}

/** May there be something at the provider that is paid for, and would be paid for again by another job? */
export function mayBePaid({ remote }: Pick<TuningJob, "remote">): boolean {
  return remote.model !== null || mayTrain(remote);
}

/** What there is of a job at its provider, a sentence each: for whoever ends it, or goes on by hand. */
export function leftBehind(job: Left): readonly string[] {
  const { model, training_file, validation_file } = job.remote;
  const { provider } = job.spec;
  const files = [training_file, validation_file].filter((file) => file !== null);
  return [
    ...stillCosts(job),
    ...(model === null ? [] : [`The model ${model} stays at ${provider}.`]),
    ...(files.length === 0
      ? []
      : [
          `Files that stay at ${provider}: ${files.join(", ")}. \`crossover tune delete ${job.id}\` deletes them with the job.`,
        ]),
  ];
}

/** Of it what goes on costing. */
export function stillCosts({ id, spec, remote }: Left): readonly string[] {
  const { provider } = spec;
  const { deployment } = remote;
  const training =
    remote.id === null
      ? `A job that carries ${id} may train at ${provider}: look there.`
      : `The job ${remote.id} may still train at ${provider}: look there.`;
  return [
    ...(mayTrain(remote) ? [training] : []),
    ...(deployment === null
      ? []
      : [
          `The deployment ${deployment} stays at ${provider} and ${hostingOf(remote)}: \`crossover tune undeploy --provider ${provider} ${deployment}\` deletes it.`,
        ]),
  ];
}

function hostingOf({ hosting_per_hour }: RemoteJob): string {
  return hosting_per_hour === null
    ? "may cost by the hour, used or not"
    : `costs USD ${hosting_per_hour.toFixed(2)} an hour, used or not`;
}
