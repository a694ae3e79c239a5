import { errorsAlone } from "../alone.ts";
import { percent, rare } from "../goals.ts";
import { aloneUnder } from "../policies.ts";
import type { Scenario, Section } from "../scenario.ts";
import { shareTable } from "./methods.ts";

const RATES = [0.001, 0.01, 0.05];
const SHARES = [0.01, 0.05, 0.25];
const ALPHA = 0.01;
const REQUESTS = 100_000;

const scenarios: readonly Scenario[] = RATES.flatMap((rate) =>
  SHARES.map((share) => {
    const policy = aloneUnder({ kind: "errors", ratio: 1 }, share * 100, ALPHA);
    return {
      name: `no difference, errors ${percent(rate)}, share ${percent(share)}`,
      full: 2000,
      reduced: 60,
      run: (random) =>
        errorsAlone(random, { policy, share, control: rate, candidate: rate, requests: REQUESTS }),
    };
  }),
);

export const healthySection: Section = {
  title: "A candidate that is as good is not rolled back: one guardrail",
  text: `Control and candidate fail equally often, and the candidate may not fail more often at all (\`ratio: 1\`). There are
${REQUESTS.toLocaleString("en")} requests, and after each of them every method but the best arm asks whether to roll back. The promise is that at most
1% of such rollouts are ever rolled back, however often one looks; of 2,000 with a chance of 1%, more than 31 are in one of a
hundred simulations.`,
  scenarios,
  table: (found) => shareTable(found, scenarios),
  goals: (found) => scenarios.map((scenario) => rare(scenario.name, found(scenario), "crossover", ALPHA)),
};
