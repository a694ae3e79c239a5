import { timeOf } from "../reports/words.ts";
import type { TuningJob } from "../tuning/job.ts";
import { shareText } from "../tuning/words.ts";
import { plainLine } from "./plain-text.ts";
import { textTable } from "./text-table.ts";

/** A row of each job. */
export function jobTable(jobs: readonly TuningJob[]): string {
  const head = [
    "id",
    "begun (UTC)",
    "state",
    "route",
    "provider",
    "base model",
    "variant",
    "exact: control",
    "tuned",
  ];
  const rows = jobs.map(({ id, created, state, spec, evaluation }) => [
    id,
    timeOf(created),
    state,
    spec.route,
    spec.simulated ? `${spec.provider} (simulated)` : spec.provider,
    plainLine(spec.base_model),
    spec.variant,
    shareText(evaluation?.control.exact ?? null),
    shareText(evaluation?.candidate.exact ?? null),
  ]);
  return textTable(head, rows, head.indexOf("exact: control"));
}
