import type { DatasetReport } from "../datasets/validate.ts";
import { count, lasting } from "../reports/words.ts";
import type { JobEstimate, JobFile, TuningSpec } from "../tuning/job.ts";
import { isEnded } from "../tuning/job.ts";
import type { DataSource } from "../tuning/job-folders.ts";
import type { TuningPlan } from "../tuning/tuning.ts";
import { costText, isBilledByToken, providerText, warningCounts } from "../tuning/words.ts";
import { type Fact, factLines } from "./fact-lines.ts";
import { plainLine } from "./plain-text.ts";
import { jobTable } from "./tune-job-table.ts";

/** What would be trained where, on what and for how much, and what should be known before. */
export function planText(plan: TuningPlan): string {
  const { spec, estimate, reports, notes, earlier } = plan;
  const facts: readonly Fact[] = [
    ["training", fileText(spec.training, plan.sources)],
    ["validation", spec.validation === null ? "none" : fileText(spec.validation, plan.sources)],
    ["what comes out", `model ${spec.model}, variant ${spec.variant}; compared with ${spec.control}`],
    ...settingsOf(spec),
    ...estimateFacts(spec, estimate),
    ...warningsOf("training", reports.training),
    ...(reports.validation === undefined ? [] : warningsOf("validation", reports.validation)),
    ...notes.map((note) => ["note", plainLine(note)] as const),
  ];
  return [
    `Training ${plainLine(spec.base_model)} for the route ${spec.route}: ${providerText(spec)}\n`,
    `${factLines(facts).join("\n")}\n`,
    ...(earlier.length === 0
      ? []
      : ["\nThe same was trained before, or is about to be:\n\n", jobTable(earlier), earlierText(earlier)]),
  ].join("");
}

/** What `start` does about jobs that have trained the same. */
function earlierText(earlier: TuningPlan["earlier"]): string {
  const open = earlier.find(({ state }) => !isEnded(state));
  return open === undefined
    ? "\n`crossover tune start` trains it again only with --force.\n"
    : `\n\`crossover tune start\` begins no other while job ${open.id} is open: follow that one, or cancel it.\n`;
}

function fileText({ name, rows, tokens }: JobFile, sources: ReadonlyMap<string, DataSource>): string {
  const source = sources.get(name);
  const where = source?.kind === "file" ? source.path : name;
  return `${plainLine(where)}: ${count(rows, "row")}, ${count(tokens, "token")}`;
}

/** Those that were asked for. */
function settingsOf({ hyperparameters, suffix, seed }: TuningSpec): readonly Fact[] {
  const { batch_size, learning_rate_multiplier } = hyperparameters;
  return [
    ...(batch_size === null ? [] : [["batch size", String(batch_size)] as const]),
    ...(learning_rate_multiplier === null
      ? []
      : [["learning rate", `${learning_rate_multiplier} times the provider's own`] as const]),
    ...(suffix === null ? [] : [["suffix", plainLine(suffix)] as const]),
    ...(seed === null ? [] : [["seed", String(seed)] as const]),
  ];
}

function estimateFacts(spec: TuningSpec, estimate: JobEstimate): readonly Fact[] {
  const { epochs, billed_tokens, seconds, basis } = estimate;
  const chosen =
    spec.hyperparameters.n_epochs === null
      ? ` as reckoned; the ${spec.simulated ? "simulator" : "provider"} chooses`
      : "";
  return [
    ["epochs", `${epochs}${chosen}`],
    [isBilledByToken(spec) ? "billed" : "trained", count(billed_tokens, "token")],
    ["cost", costText(spec, estimate) ?? "not known: --price gives one"],
    ["time", seconds === null ? "not known" : `about ${lasting(seconds)}`],
    ["reckoned by", plainLine(basis)],
  ];
}

/** How often each warning was told; what has errors has no plan. */
function warningsOf(which: string, report: DatasetReport): readonly Fact[] {
  const codes = warningCounts(report).map(([code, times]) => `${code} (${times})`);
  if (codes.length === 0) return [];
  return [["warnings", `${which}: ${codes.join(", ")}. \`crossover dataset validate\` tells more`]];
}
