import { existsSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Table } from "../domain/table.ts";
import type { TuningJob } from "../tuning/job.ts";
import { trainingScript } from "../tuning/training-script.ts";
import { UsageError } from "./error-text.ts";
import { jobOf, oneId } from "./tune-job.ts";
import { type OpenTuning, withTuning } from "./tune-open.ts";

/** `crossover tune script`. @returns the exit code */
export async function script(args: readonly string[], open: OpenTuning): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      out: { type: "string", short: "o" },
      force: { type: "boolean", default: false },
      config: { type: "string", short: "c" },
    },
  });
  const id = oneId(positionals);
  const { out, force } = values;
  if (out !== undefined && !force && existsSync(out))
    throw new UsageError(`${out} is there already: give --force to replace it`);
  return withTuning(open, args, async ({ tuning, providers }) => {
    const text = scriptOf(await jobOf(tuning, id), providers);
    if (out === undefined) process.stdout.write(text);
    else {
      writeFileSync(out, text);
      process.stderr.write(`Wrote ${out}\n`);
    }
    return 0;
  });
}

/** @throws Error for a job that no script trains */
function scriptOf({ id, spec }: TuningJob, providers: Table["providers"]): string {
  if (spec.simulated)
    throw new Error(
      `job ${id} is simulated: the simulator plays ${spec.provider}, and runs no script. A job that Hugging Face itself trains has one`,
    );
  if (spec.api !== "huggingface")
    throw new Error(
      `job ${id} is trained by ${spec.provider}, which takes no script: those for Hugging Face have one`,
    );
  const access = providers.get(spec.provider)?.tuning;
  return trainingScript({
    jobId: id,
    spec,
    namespace: access?.api === "huggingface" ? access.namespace : undefined,
  });
}
