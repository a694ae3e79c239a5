import type { TuningAccess } from "../domain/tuning.ts";
import { tunedHosting } from "./azure-hosting.ts";
import type { TuningJob } from "./job.ts";
import type { Registration } from "./registry.ts";

/**
 * What the job made, as the configuration will have it.
 * @param hosting USD an hour of what answers; undefined: not known
 */
export function registrationOf(job: TuningJob, hosting: number | undefined): Registration {
  const { id, spec, remote, estimate } = job;
  return {
    model: {
      name: spec.model,
      provider: spec.provider,
      model: remote.address ?? "",
      baseModel: spec.base_model,
      datasetHash: spec.training.sha256,
      tuningJob: id,
      simulated: spec.simulated,
      hostingPerHour: hosting,
      // Nothing was paid for a simulated one, and its model must not look as if.
      trainingCost: spec.simulated
        ? undefined
        : (costOf(job, remote.trained_tokens) ?? estimate.usd ?? undefined),
    },
    variant: { name: spec.variant, fallback: spec.control },
    replaces: spec.replaces,
  };
}

/** What was trained at the estimate's price. */
function costOf({ estimate: { usd, billed_tokens } }: TuningJob, trained: number | null): number | undefined {
  if (usd === null || trained === null || billed_tokens === 0) return undefined;
  return (usd / billed_tokens) * trained;
}

/** USD an hour that a deployment made by these settings costs, used or not; undefined: not known. */
export function hostingOf(access: TuningAccess): number | undefined {
  switch (access.api) {
    case "openai":
      return undefined;
    case "azure":
      return access.management?.hostingPerHour ?? tunedHosting(access.management?.sku ?? "");
    case "huggingface":
      return access.endpoint.hostingPerHour;
  }
}
