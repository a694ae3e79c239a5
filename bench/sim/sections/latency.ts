import { latencyAlone } from "../alone.ts";
import { percent, rare, within } from "../goals.ts";
import { aloneUnder } from "../policies.ts";
import type { Scenario, Section } from "../scenario.ts";
import { delayTable } from "./methods.ts";

const ALPHA = 0.01;
const MARGIN = 0.1;
const SHARES = [0.01, 0.05, 0.25];

interface Slower extends Scenario {
  /** Of the candidate's requests. Undefined: at a large share many are gone before there are thresholds. */
  readonly goal: number | undefined;
}

const slower: readonly Slower[] = [
  { sigma: 0.6, goal: 40 },
  { sigma: 1, goal: 110 },
].flatMap(({ sigma, goal }) =>
  SHARES.map((share): Slower => {
    const policy = aloneUnder({ kind: "latency", margin: MARGIN }, share * 100, ALPHA);
    return {
      name: `twice as slow, sigma ${sigma}, share ${percent(share)}`,
      full: 1000,
      reduced: 40,
      goal: share > 0.05 ? undefined : goal,
      run: (random) => latencyAlone(random, { policy, share, sigma, factor: 2, requests: 100_000 }),
    };
  }),
);

const strict = aloneUnder({ kind: "latency", margin: 0 }, 5, ALPHA);
const same: Scenario = {
  name: "as fast, sigma 0.6, share 5%, no margin",
  full: 500,
  reduced: 30,
  run: (random) =>
    latencyAlone(random, { policy: strict, share: 0.05, sigma: 0.6, factor: 1, requests: 100_000 }),
};

export const latencySection: Section = {
  title: "A slow candidate is rolled back soon: one guardrail",
  text: `Latencies are log-normal, with a margin of ${percent(MARGIN)}. Too long is what is beyond quantiles of the control's own latencies;
its first 200 answers are what these are taken from, during which nothing is judged: a canary that begins at a large share
answers many requests meanwhile. The fixed threshold looks at minutes whose p99 is larger than the
control's by half; the two others compare means.`,
  scenarios: [...slower, same],
  table: (found) =>
    delayTable(found, [...slower, same], ["rolled back"], (scenario) => [
      percent(found(scenario).having("crossover") / found(scenario).count),
    ]),
  goals: (found) => [
    ...slower.flatMap((scenario) => {
      const { name, goal } = scenario;
      return goal === undefined ? [] : within(`${name}: median`, found(scenario), "crossover", 0.5, goal);
    }),
    rare(`${same.name}: rolled back`, found(same), "crossover", ALPHA),
  ],
};
