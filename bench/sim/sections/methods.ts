import { percent, shown } from "../goals.ts";
import { RIVALS } from "../rivals.ts";
import type { Found, Scenario } from "../scenario.ts";

/** What rolls back, by the name of its figures: the candidate's requests until it did. */
const METHODS = ["crossover", ...RIVALS] as const;
const HEADS = ["Crossover", "fixed threshold", "repeated z-test", "best arm"];

/** How many of a scenario's runs each method rolled back. */
export function shareTable(found: Found, scenarios: readonly Scenario[]): readonly (readonly string[])[] {
  return [
    ["rolled back", ...HEADS],
    ...scenarios.map((scenario) => {
      const runs = found(scenario);
      return [scenario.name, ...METHODS.map((method) => percent(runs.having(method) / runs.count))];
    }),
  ];
}

/** After how many of the candidate's requests each method rolled back: the median, and the 90th percentile. */
export function delayTable<S extends Scenario>(
  found: Found,
  scenarios: readonly S[],
  heads: readonly string[] = [],
  cells: (scenario: S) => readonly string[] = () => [],
  isSeenByRivals: (scenario: S) => boolean = () => true,
): readonly (readonly string[])[] {
  return [
    ["candidate's requests: median (p90)", ...heads, ...HEADS],
    ...scenarios.map((scenario) => {
      const runs = found(scenario);
      const delays = METHODS.map((method) =>
        method === "crossover" || isSeenByRivals(scenario)
          ? `${shown(runs.median(method))} (${shown(runs.quantile(method, 0.9))})`
          : "blind to it",
      );
      return [scenario.name, ...cells(scenario), ...delays];
    }),
  ];
}
