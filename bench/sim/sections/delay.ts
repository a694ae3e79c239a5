import { errorsAlone } from "../alone.ts";
import { percent, shown, within } from "../goals.ts";
import { aloneUnder } from "../policies.ts";
import type { Scenario, Section } from "../scenario.ts";
import { delayTable } from "./methods.ts";

const RATES = [0.001, 0.01, 0.05];
const SHARES = [0.01, 0.05, 0.25];
const SHIFTS = [0.01, 0.05];
const ALPHA = 0.01;
/** So many times the bound, and half an hour at least, is long enough to see what the others do. */
const PATIENCE = 8;
const FEWEST = 20_000;
const SHORT = 50_000;
const LONG = 500_000;

/** Relative entropy of two shares. */
function divergence(p: number, q: number): number {
  return p * Math.log(p / q) + (1 - p) * Math.log((1 - p) / (1 - q));
}

interface Delay extends Scenario {
  readonly bound: number;
  /** Times the bound. Undefined: no goal. */
  readonly goal: number | undefined;
}

const scenarios: readonly Delay[] = RATES.flatMap((rate) =>
  SHIFTS.flatMap((shift) =>
    SHARES.map((share): Delay => {
      const policy = aloneUnder({ kind: "errors", ratio: 1 }, share * 100, ALPHA);
      const bound = Math.log(1 / ALPHA) / divergence(rate + shift, rate);
      const requests = Math.max(FEWEST, Math.ceil((PATIENCE * bound) / share));
      return {
        name: `errors ${percent(rate)} + ${shift * 100} points, share ${percent(share)}`,
        full: requests > LONG ? 500 : requests > SHORT ? 1000 : 5000,
        reduced: requests > LONG ? 16 : 60,
        bound,
        goal: share > 0.05 ? undefined : rate < 0.01 ? 1.9 : 1.4,
        run: (random) =>
          errorsAlone(random, { policy, share, control: rate, candidate: rate + shift, requests }),
      };
    }),
  ),
);

export const delaySection: Section = {
  title: "A worse candidate is rolled back soon: one guardrail",
  text: `The candidate fails more often from its first request. No test that rolls back at most 1% of the healthy can be sooner
on average than Wald's bound, ln(100) / KL, even one that knows both rates; this one knows neither. "Never" is not within ${PATIENCE} times
the bound, nor within half an hour.`,
  scenarios,
  table: (found) =>
    delayTable(found, scenarios, ["Wald's bound", "times the bound"], (scenario) => [
      shown(scenario.bound),
      (found(scenario).median("crossover") / scenario.bound).toFixed(2),
    ]),
  goals: (found) =>
    scenarios.flatMap((scenario) => {
      const { name, goal, bound } = scenario;
      if (goal === undefined) return [];
      return within(
        `${name}: median, ${goal} times the bound`,
        found(scenario),
        "crossover",
        0.5,
        goal * bound,
      );
    }),
};
