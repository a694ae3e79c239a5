import { parseArgs } from "node:util";
import { printJson } from "./admin-api.ts";
import { numberOf, whole } from "./number-option.ts";
import { jobOf, oneId } from "./tune-job.ts";
import { jobTable } from "./tune-job-table.ts";
import { jobText } from "./tune-job-text.ts";
import { type OpenTuning, withTuning } from "./tune-open.ts";
import { maySetColours } from "./tune-progress.ts";

const LISTED = 20;
const MOST_LISTED = 1000;

/** `crossover tune list`. @returns the exit code */
export async function list(args: readonly string[], open: OpenTuning): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      route: { type: "string" },
      limit: { type: "string" },
      json: { type: "boolean" },
      config: { type: "string", short: "c" },
    },
  });
  const limit = numberOf("--limit", values.limit, whole(1, MOST_LISTED)) ?? LISTED;
  return withTuning(open, args, async ({ tuning }) => {
    const jobs = await tuning.jobs({ route: values.route, limit });
    if (values.json) printJson({ object: "list", data: jobs });
    else if (jobs.length === 0) process.stderr.write("There are no jobs.\n");
    else process.stdout.write(jobTable(jobs));
    return 0;
  });
}

/** `crossover tune show`. @returns the exit code */
export async function show(args: readonly string[], open: OpenTuning): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: "boolean" }, config: { type: "string", short: "c" } },
  });
  const id = oneId(positionals);
  return withTuning(open, args, async ({ tuning }) => {
    const job = await jobOf(tuning, id);
    if (values.json) printJson(job);
    else process.stdout.write(jobText(job, maySetColours(process.stdout, process.env)));
    return 0;
  });
}
