import type { Step, StepContext } from "./context.ts";
import type { JobFile, TuningJob } from "./job.ts";
import { placeOf } from "./place.ts";
import type { Upload } from "./trainer.ts";
import { known, moved } from "./transitions.ts";

/** Uploads what is not there yet, one file at a time. */
export const uploadStep: Step = async (context) => {
  const { spec, remote } = context.job;
  if (remote.training_file === null) {
    const place = placeOf(context.access);
    const id = await upload(context, spec.training, "training");
    await context.update((job, now) =>
      known(job, { training_file: id, place }, `Uploaded the training file as ${id}.`, now),
    );
  } else if (spec.validation !== null && remote.validation_file === null) {
    const id = await upload(context, spec.validation, "validation");
    await context.update((job, now) =>
      known(job, { validation_file: id }, `Uploaded the validation file as ${id}.`, now),
    );
  } else {
    await context.update((job, now) => moved(job, "creating", "The data set is at the provider.", now));
  }
  return 0;
};

async function upload(
  context: StepContext,
  { name, bytes }: JobFile,
  purpose: Upload["purpose"],
): Promise<string> {
  const { job, deps } = context;
  const file: Upload = {
    name: uploadName(job.id, purpose),
    purpose,
    bytes,
    open: () => deps.folders.open(job.id, name),
  };
  const trainer = await context.trainer();
  return trainer.upload(file, context.endable);
}

function uploadName(jobId: string, purpose: Upload["purpose"]): string {
  return `crossover-${jobId}-${purpose === "training" ? "train" : "validation"}.jsonl`;
}

/** Names at the provider of the files that a job has. */
export function uploadNames({ id, spec }: TuningJob): readonly string[] {
  return [uploadName(id, "training"), ...(spec.validation === null ? [] : [uploadName(id, "validation")])];
}
