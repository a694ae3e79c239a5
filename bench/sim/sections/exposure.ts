import { frequent, percent, shown, within } from "../goals.ts";
import { RAMP_REQUESTS, rampOf, USUAL } from "../policies.ts";
import { wholeRollout } from "../ramp.ts";
import type { Goal, Runs, Scenario, Section } from "../scenario.ts";
import { CALM, type Difference, SAME } from "../traffic.ts";
import { delayTable } from "./methods.ts";

/** As a configuration has it where it does not say otherwise. */
const MIN_MS = 600_000;

const policy = rampOf(USUAL, MIN_MS);

interface Bad extends Scenario {
  /** Do the others look at what is bad? */
  readonly isErrors: boolean;
}

function bad(name: string, difference: Partial<Difference>, full = 1000, reduced = 30): Bad {
  const isErrors = difference.errors !== undefined;
  const ramp = {
    policy,
    world: CALM,
    difference: { ...SAME, ...difference },
    requests: RAMP_REQUESTS,
    isForRivals: isErrors,
  };
  return { name, full, reduced, isErrors, run: (random) => wholeRollout(random, ramp) };
}

const outage = bad("outage: every answer fails", { errors: 1 });
const errors = bad("errors 1% + 5 points", { errors: 0.05 });
const fewErrors = bad("errors 1% + 1 point", { errors: 0.01 }, 500, 10);
const lateErrors = bad(
  "errors 1% + 5 points, from request 55,000 on",
  { errors: 0.05, fromRequest: 55_000 },
  500,
  10,
);
const slow = bad("twice as slow", { latency: 2 });
const invalid = bad("unusable answers 2% + 3 points", { invalid: 0.03 }, 500, 12);
const dear = bad("costs 1.5 times as much", { cost: 1.5 }, 500, 12);
const worse = bad("thumbs up 80% - 20 points, 5% rated", { score: -0.2 }, 500, 10);

const byErrors = [outage, errors, fewErrors, lateErrors];
const others = [slow, invalid, dear, worse];

/** Runs that were rolled back before a stage. */
function before(runs: Runs, stage: number): number {
  return runs.values("stage percent").filter((value) => value < stage).length;
}

export const exposureSection: Section = {
  title: "A worse candidate is rolled back soon: whole rollouts",
  text: `All guardrails at once with the margins that they have where a configuration does not say otherwise, 3,000 sticky users,
errors of 1%, through the stages of 1, 5, 25 and 50%, each as long as where a configuration does not say otherwise. The others look at errors, as they are set up everywhere;
they see the same requests, as if nobody had rolled back before.`,
  scenarios: [...byErrors, ...others],
  table: (found) =>
    delayTable(
      found,
      [...byErrors, ...others],
      ["rolled back", "before the stage of 25%", "from the onset on"],
      (scenario) => {
        const runs = found(scenario);
        return [
          percent(runs.having("crossover") / runs.count),
          percent(before(runs, 25) / runs.count),
          shown(runs.median("from onset")),
        ];
      },
      ({ isErrors }) => isErrors,
    ),
  goals: (found): readonly Goal[] => {
    const early = found(errors);
    return [
      within(`${outage.name}: p90`, found(outage), "crossover", 0.9, 8),
      within(`${errors.name}: p90`, early, "crossover", 0.9, 450),
      frequent(`${errors.name}: before the stage of 25%`, early, before(early, 25), 0.98),
      within(`${lateErrors.name}: median from then on`, found(lateErrors), "from onset", 0.5, 1500),
      within(`${slow.name}: p90`, found(slow), "crossover", 0.9, 300),
      within(`${dear.name}: p90`, found(dear), "crossover", 0.9, 3500),
    ];
  },
};
