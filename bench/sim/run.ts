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
// `npm run sim -- --reduced`: fewer runs, and no page. `--only TEXT`: scenarios with this in their names, and no page.
// `--runs N`: so many runs of each.
const WORKERS = 2;
const TASKS_PER_SCENARIO = 40;
const PAGE = join(import.meta.dirname, "..", "..", "docs", "rollout-statistics.md");

const { values } = parseArgs({
  options: { reduced: { type: "boolean" }, only: { type: "string" }, runs: { type: "string" } },
});
const isWhole = values.reduced !== true && values.only === undefined && values.runs === undefined;

const scenarios = SECTIONS.flatMap((section) => section.scenarios).filter(({ name }) =>
  name.includes(values.only ?? ""),
);
const results = new Map<string, { figures: Figures[]; ms: number }>(
  scenarios.map(({ name }) => [name, { figures: [], ms: 0 }]),
);

const startedAt = performance.now();
await runTasks(scenarios.flatMap(tasksOf), WORKERS, take);
const minutes = (performance.now() - startedAt) / 60_000;

const found = ({ name }: Scenario): Runs => new Runs(results.get(name)?.figures ?? []);
const workerMs = ({ name }: Scenario): number => results.get(name)?.ms ?? 0;
for (const scenario of scenarios) process.stderr.write(`${timeOf(scenario)}\n`);
if (values.only !== undefined) process.stdout.write(markdownTable(scenarios.flatMap(summaryOf)));
else {
  const goals = SECTIONS.flatMap((section) => section.goals(found));
  if (isWhole) writeFileSync(PAGE, page({ sections: SECTIONS, found, minutes, workers: WORKERS, workerMs }));
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

/** Runs stay in their order, whoever was done first. */
function take({ task, figures, ms }: Finished): void {
  const result = results.get(task.scenario);
  if (result === undefined) return;
  for (const [place, figure] of figures.entries()) result.figures[task.from + place] = figure;
  result.ms += ms;
}

function timeOf(scenario: Scenario): string {
  return `${(workerMs(scenario) / 1000).toFixed(1).padStart(8)} s  ${runsOf(scenario)} x ${scenario.name}`;
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
