import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { markdownTable } from "../report.ts";
import { shown } from "./goals.ts";
import { goalTable, page } from "./page.ts";
import { type Finished, runTasks, type Task } from "./pool.ts";
import { type Figures, Runs, type Scenario } from "./scenario.ts";
import { SECTIONS } from "./sections.ts";

// `npm run sim`: what the statistics of rollouts and backtests do on simulated traffic, into docs/rollout-statistics.md.
// `npm run sim -- --reduced`: fewer runs, and no page. `--only TEXT`: what has this in its title or name, and no page.
// `--runs N`: so many runs of each, and no page. Ends with 1 when a goal is missed.
const WORKERS = 2;
const TASKS_PER_SCENARIO = 40;
const PAGE = join(import.meta.dirname, "..", "..", "docs", "rollout-statistics.md");

const { values } = parseArgs({
  options: { reduced: { type: "boolean" }, only: { type: "string" }, runs: { type: "string" } },
});
const only = values.only ?? "";
const isForPage = values.reduced !== true && values.only === undefined && values.runs === undefined;

/** What has become of a scenario so far. */
interface Progress {
  readonly scenario: Scenario;
  readonly figures: Figures[];
  runs: number;
  ms: number;
}

const progress = new Map(
  SECTIONS.flatMap((section) =>
    section.scenarios
      .filter(({ name }) => `${section.title}: ${name}`.includes(only))
      .map((scenario): [string, Progress] => [scenario.name, { scenario, figures: [], runs: 0, ms: 0 }]),
  ),
);
const scenarios = [...progress.values()].map(({ scenario }) => scenario);

const startedAt = performance.now();
await runTasks(scenarios.flatMap(tasksOf), WORKERS, take);
const minutes = (performance.now() - startedAt) / 60_000;

const found = ({ name }: Scenario): Runs => new Runs(progress.get(name)?.figures ?? []);
const workerMs = ({ name }: Scenario): number => progress.get(name)?.ms ?? 0;
if (values.only !== undefined) process.stdout.write(markdownTable(scenarios.flatMap(summaryOf)));
else {
  const goals = SECTIONS.flatMap((section) => section.goals(found));
  if (isForPage)
    writeFileSync(PAGE, page({ sections: SECTIONS, found, minutes, workers: WORKERS, workerMs }));
  process.stdout.write(`${goalTable(goals)}${minutes.toFixed(1)} minutes\n`);
  if (goals.some(({ isMet }) => !isMet)) process.exitCode = 1;
}

function runsOf({ full, reduced }: Scenario): number {
  if (values.runs !== undefined) return Number(values.runs);
  return values.reduced === true ? reduced : full;
}

function tasksOf(scenario: Scenario): readonly Task[] {
  const count = runsOf(scenario);
  const size = Math.ceil(count / TASKS_PER_SCENARIO);
  return Array.from({ length: Math.ceil(count / size) }, (_, part) => ({
    scenario: scenario.name,
    from: part * size,
    to: Math.min(count, (part + 1) * size),
  }));
}

/** Runs stay in their order, whichever worker was done first. */
function take({ task, figures, ms }: Finished): void {
  const of = progress.get(task.scenario);
  if (of === undefined) return;
  for (const [place, figure] of figures.entries()) of.figures[task.from + place] = figure;
  of.ms += ms;
  of.runs += figures.length;
  if (of.runs === runsOf(of.scenario))
    process.stderr.write(`${(of.ms / 1000).toFixed(1).padStart(8)} s  ${of.runs} x ${task.scenario}\n`);
}

/** Each figure of a scenario. */
function summaryOf(scenario: Scenario, place: number): readonly (readonly string[])[] {
  const runs = found(scenario);
  const names = [...new Set(runs.all.flatMap((figures) => Object.keys(figures)))].sort();
  const head = ["scenario", "figure", "runs that have it", "mean", "median of all", "p90 of all"];
  return [
    ...(place === 0 ? [head] : []),
    ...names.map((name) => [
      scenario.name,
      name,
      `${runs.having(name)} of ${runs.count}`,
      ...[runs.mean(name), runs.median(name), runs.quantile(name, 0.9)].map(shown),
    ]),
  ];
}
