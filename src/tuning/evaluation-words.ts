import { count, percent } from "../reports/words.ts";
import type { JobEvaluation } from "./job.ts";

type Side = JobEvaluation["candidate"];

/** `27.9% to 38.5%`; empty where it is not known. */
export function intervalText(interval: Side["interval"]): string {
  return interval === null ? "" : `${percent(interval.low)} to ${percent(interval.high)}`;
}

/** `8 of 10`; empty where it was not counted. */
export function answeredText({ answered, failed }: Pick<Side, "answered" | "failed">): string {
  return answered === null || failed === null ? "" : `${answered} of ${answered + failed}`;
}

/** What the shares are of, and whether their difference is more than chance. */
export function comparedText({ rows, compared, difference }: JobEvaluation): string {
  const of =
    compared === null || compared === rows
      ? ""
      : `Shares and means are of the ${count(compared, "row")} that both answered. `;
  return `${of}${differenceText(difference)}`.trim();
}

function differenceText(difference: JobEvaluation["difference"]): string {
  if (difference === null) return "";
  const { low, high } = difference;
  return low <= 0 && high >= 0
    ? `The difference is within the noise: from ${percent(low)} to ${percent(high)} with 95% confidence. More rows tell more.`
    : `The difference is more than noise: from ${percent(low)} to ${percent(high)} with 95% confidence.`;
}
