import { percent, rare } from "../goals.ts";
import { RAMP_REQUESTS, rampOf, STRICT } from "../policies.ts";
import { wholeRollout } from "../ramp.ts";
import type { Scenario, Section } from "../scenario.ts";
import { CALM, type Difference, SAME, type World } from "../traffic.ts";
import { shareTable } from "./methods.ts";

const ALPHA = 0.01;
const SHADOW_PERCENT = 2;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

function healthy(
  name: string,
  world: World,
  runs: { readonly full: number; readonly reduced: number },
  difference: Difference = SAME,
): Scenario {
  // As long as all requests take at their mean rate, a fifth of it for each stage but the last.
  const policy = rampOf(STRICT, (RAMP_REQUESTS / 5) * world.meanMsPerRequest, SHADOW_PERCENT);
  return {
    name,
    ...runs,
    run: (random) =>
      wholeRollout(random, { policy, world, difference, requests: RAMP_REQUESTS, isForRivals: false }),
  };
}

const calm: readonly Scenario[] = [0.001, 0.01, 0.05].map((errors) =>
  healthy(
    `no difference, errors ${percent(errors)}, 3,000 users`,
    { ...CALM, errors },
    { full: 1000, reduced: 30 },
  ),
);

/** From 0 to 1 and back within a day. */
const hours = (ms: number): number => Math.sin((2 * Math.PI * ms) / DAY);
const SLOW_MS = (2 * DAY) / RAMP_REQUESTS;

const STRESS = { full: 500, reduced: 12 };
const stresses: readonly Scenario[] = [
  healthy(
    "drift: errors grow from 0.5% to 4%, latencies double",
    {
      ...CALM,
      errorFactor: (ms) => 0.5 + (3.5 * ms) / (RAMP_REQUESTS * CALM.meanMsPerRequest),
      latencyFactor: (ms) => 1 + ms / (RAMP_REQUESTS * CALM.meanMsPerRequest),
    },
    STRESS,
  ),
  healthy(
    "two days with their seasons",
    {
      ...CALM,
      errorFactor: (ms) => 1 + 0.9 * hours(ms),
      latencyFactor: (ms) => 1 + 0.5 * hours(ms),
      msPerRequest: (ms) => SLOW_MS / (1 + 0.7 * hours(ms)),
      meanMsPerRequest: SLOW_MS,
    },
    STRESS,
  ),
  healthy("heavy tails: latencies and costs without a variance", { ...CALM, tail: "pareto" }, STRESS),
  healthy(
    "429 on both sides: three bursts of ten minutes, 25% refused",
    { ...CALM, refused: (ms) => (ms % (50 * MINUTE) < 10 * MINUTE ? 0.25 : 0) },
    STRESS,
  ),
  healthy(
    "300 heavy users with habits of their own",
    { ...CALM, users: { count: 300, spread: 1.5, correlation: 0.05 } },
    STRESS,
  ),
  healthy(
    "sparse late feedback: 2% rated, ten minutes later",
    { ...CALM, feedback: { rated: 0.02, lateMs: 10 * MINUTE, mean: 0.7, scale: "stars" } },
    STRESS,
  ),
  healthy(
    "a better candidate: faster, cheaper, fewer errors",
    CALM,
    { full: 250, reduced: 10 },
    {
      ...SAME,
      errors: -0.005,
      latency: 0.7,
      cost: 0.5,
    },
  ),
];

export const healthyRampsSection: Section = {
  title: "A candidate that is as good is not rolled back: whole rollouts",
  text: `All guardrails at once, each as strict as it can be (no margin), through the stages of 1, 5, 25 and 50%, with sticky
users; ${SHADOW_PERCENT}% of the requests are shadowed and judged. ${RAMP_REQUESTS.toLocaleString("en")} requests, of which each stage takes a fifth and the last the rest. Wherever an alarm comes from, also from the
check of the sides' ratio, it counts. The others look at the errors alone.`,
  scenarios: [...calm, ...stresses],
  table: (found) => shareTable(found, [...calm, ...stresses]),
  goals: (found) =>
    [...calm, ...stresses].map((scenario) => rare(scenario.name, found(scenario), "crossover", ALPHA)),
};
