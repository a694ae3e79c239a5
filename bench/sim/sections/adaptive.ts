import { Monitor } from "../../../src/rollouts/monitor.ts";
import { blankRequest } from "../blank.ts";
import { percent, rare, shown } from "../goals.ts";
import { adaptiveWith, MS_PER_REQUEST } from "../policies.ts";
import type { Random } from "../random.ts";
import { startedRun, stepped } from "../run-of.ts";
import type { Figures, Runs, Scenario, Section } from "../scenario.ts";

const REQUESTS = 50_000;
const CONFIDENCE = 0.95;
const LOOK_EVERY = 300;

const policy = adaptiveWith({ reward: { kind: "success" }, floor: 0.1, confidence: CONFIDENCE });

/** Share of failed requests. */
interface Pair {
  readonly control: number;
  readonly candidate: number;
}

/** @returns `regret`: failures more than the better side alone would have had, until it is alone; `wrong` winner */
function adapt(random: Random, of: Pair, isFixed: boolean): Figures {
  const monitor = new Monitor({ policy, sticky: false });
  const observation = blankRequest(0.5);
  let run = startedRun({ policy, sticky: false });
  let share = isFixed ? 0.5 : run.percent / 100;
  let regret = 0;
  for (let i = 1; i <= REQUESTS; i++) {
    const isCandidate = random.unit() < share;
    const rate = isCandidate ? of.candidate : of.control;
    observation.side = isCandidate ? "candidate" : "control";
    observation.error = random.unit() < rate;
    observation.share = share;
    observation.epoch = run.epoch;
    monitor.observe(observation);
    regret += rate - Math.min(of.control, of.candidate);
    if (i % LOOK_EVERY !== 0) continue;
    const best = monitor.adaptive()?.best;
    if (best !== undefined) {
      const isWrong = of.control === of.candidate || of[best] > Math.min(of.control, of.candidate);
      return { requests: i, regret, ...(isWrong ? { wrong: 1 } : {}) };
    }
    if (isFixed) continue;
    run = stepped(run, monitor, i * MS_PER_REQUEST);
    share = run.percent / 100;
  }
  return { regret };
}

interface Contest {
  readonly name: string;
  readonly adaptive: Scenario;
  readonly fixed: Scenario;
}

function contest(name: string, of: Pair, full: number, reduced: number): Contest {
  return {
    name,
    adaptive: { name: `adaptive, ${name}`, full, reduced, run: (random) => adapt(random, of, false) },
    fixed: { name: `half and half, ${name}`, full, reduced, run: (random) => adapt(random, of, true) },
  };
}

const better = contest("errors 10% and 5%", { control: 0.1, candidate: 0.05 }, 1000, 20);
const worse = contest("errors 5% and 8%", { control: 0.05, candidate: 0.08 }, 1000, 20);
const alike = contest("errors 5% and 5%", { control: 0.05, candidate: 0.05 }, 1000, 10);
const all = [better, worse, alike];

function cellsOf(name: string, runs: Runs): readonly string[] {
  return [
    name,
    percent(runs.having("requests") / runs.count),
    percent(runs.having("wrong") / runs.count),
    shown(runs.median("requests")),
    runs.mean("regret").toFixed(1),
  ];
}

export const adaptiveSection: Section = {
  title: "Weights that follow what is learned",
  text: `The adaptive mode (Thompson sampling, at least 10% for each side) ends when it knows the better side with a confidence of
${percent(CONFIDENCE)}. Regret is how many more requests failed until then than if all had gone to the better one. Beside it a split of half and
half that ends by the same rule. Neither may name a wrong winner, or any where both are alike, more often than in
${percent(1 - CONFIDENCE)} of rollouts.`,
  scenarios: all.flatMap(({ adaptive, fixed }) => [adaptive, fixed]),
  table: (found) => [
    ["", "decided", "wrong", "requests until then (median)", "regret (mean)"],
    ...all.flatMap(({ adaptive, fixed }) => [
      cellsOf(adaptive.name, found(adaptive)),
      cellsOf(fixed.name, found(fixed)),
    ]),
  ],
  goals: (found) => [
    ...all.map(({ adaptive }) =>
      rare(`${adaptive.name}: wrong winner`, found(adaptive), "wrong", 1 - CONFIDENCE),
    ),
    ...[better, worse].map(({ name, adaptive, fixed }) => {
      const [regret, other] = [found(adaptive).mean("regret"), found(fixed).mean("regret")];
      return {
        what: `${name}: regret`,
        measured: shown(regret),
        goal: `less than half and half (${shown(other)})`,
        isMet: regret < other,
      };
    }),
  ],
};
