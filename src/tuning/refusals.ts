import { GatewayError } from "../domain/errors.ts";
import type { StoredTuningJob } from "../store/tuning-jobs.ts";
import type { TuningJob } from "./job.ts";

/** 409: the same was trained before, or is about to be. */
export function jobExists(job: Pick<StoredTuningJob, "id" | "open" | "state"> | undefined): GatewayError {
  if (job === undefined || job.open)
    return conflict(
      "tuning_job_exists",
      `The job ${job?.id ?? ""} trains the same model on the same data already: ${job?.state === "manual" ? "it waits for you. Go on with it" : "follow it"}, or cancel it.`,
    );
  return conflict(
    "tuning_job_exists",
    `The job ${job.id} has trained the same model on the same data, or may have. Force it (\`--force\`, \`"force": true\`) to pay for it again.`,
  );
}

export function datasetChanged(file: string): GatewayError {
  return conflict("dataset_changed", `${file} has changed since it was checked: begin again.`);
}

export function jobNotFound(id: string): GatewayError {
  return new GatewayError({
    status: 404,
    type: "invalid_request_error",
    code: "tuning_job_not_found",
    message: `There is no fine-tuning job ${JSON.stringify(id.slice(0, 64))}.`,
  });
}

export function jobUnreadable({ id }: Pick<StoredTuningJob, "id">): GatewayError {
  return conflict(
    "tuning_job_unreadable",
    `The job ${id} is in the store as another version of Crossover writes it: go on with that version, or cancel it.`,
  );
}

export function jobEnded({ id, state }: TuningJob): GatewayError {
  return conflict(
    "tuning_job_ended",
    `The job ${id} ${state === "cancelled" ? "is" : "has"} ${state} already.`,
  );
}

export function notEnded({ id, state }: TuningJob): GatewayError {
  return conflict(
    "tuning_job_open",
    `The job ${id} is ${state}, and somebody may work on it: cancel it, and delete it once it is cancelled.`,
  );
}

/** 409: the next moment it may be otherwise. */
export function justChanged(id: string): GatewayError {
  return conflict("tuning_job_open", `Somebody is just changing the job ${id}: try again in a minute.`);
}

export function waitsForNobody({ id, state }: TuningJob): GatewayError {
  return conflict(
    "tuning_job_not_waiting",
    `The job ${id} is ${state}: only one that waits for a person (\`manual\`) can be told that it goes on.`,
  );
}

/** 404: of this provider there are no deployments. */
export function deploysNothing(provider: string): GatewayError {
  return new GatewayError({
    status: 404,
    type: "invalid_request_error",
    code: "no_deployments",
    message: `The configuration has no provider ${JSON.stringify(provider.slice(0, 64))} that deploys models.`,
  });
}

function conflict(code: string, message: string): GatewayError {
  return new GatewayError({ status: 409, type: "invalid_request_error", code, message });
}
