import type { Policy } from "../../../src/domain/rollout.ts";
import { Monitor } from "../../../src/rollouts/monitor.ts";
import { blankRequest } from "../blank.ts";
import { percent, rare, shown, within } from "../goals.ts";
import { provingAt } from "../policies.ts";
import type { Random } from "../random.ts";
import type { Figures, Scenario, Section } from "../scenario.ts";
import { CALM, SAME, Traffic } from "../traffic.ts";

const SHARE = 0.25;
const MARGIN = 0.02;
/** By how much, with what chance, a promotion may be a wrong one. */
const WRONG = 0.05;
/** Requests of both sides from one look to the next. */
const LOOK_EVERY = 100;

interface Question {
  readonly errors: number;
  readonly difference: number;
  readonly requests: number;
  /** Each sticky key's first request alone, of users with habits. */
  readonly each: "key" | "request";
}

/** @returns `proved`: the candidate's requests, or keys, until it was; left out: it was not */
function prove(random: Random, policy: Policy, { errors, difference, requests, each }: Question): Figures {
  const isSticky = each === "key";
  const monitor = new Monitor({ policy, sticky: isSticky });
  const users = isSticky ? { count: 40_000, spread: 1, correlation: 0.05 } : CALM.users;
  const traffic = new Traffic(random, { ...CALM, errors, users }, { ...SAME, errors: difference });
  const observation = blankRequest(SHARE);
  for (let i = 1; i <= requests; i++) {
    if (isSticky) traffic.next(observation, SHARE);
    else {
      const isCandidate = random.unit() < SHARE;
      observation.side = isCandidate ? "candidate" : "control";
      observation.error = random.unit() < errors + (isCandidate ? difference : 0);
    }
    monitor.observe(observation);
    if (i % LOOK_EVERY !== 0) continue;
    const proof = monitor.proof();
    if (proof?.isProved) return { proved: proof.candidate.count };
  }
  return {};
}

function question(name: string, full: number, reduced: number, asked: Question): Scenario {
  const policy = provingAt(SHARE * 100, { margin: MARGIN, each: asked.each });
  return { name, full, reduced, run: (random) => prove(random, policy, asked) };
}

const RATES = [0.001, 0.01, 0.05];
const atMargin = RATES.map((errors) =>
  question(`errors ${percent(errors)} + 2 points`, 500, 12, {
    errors,
    difference: MARGIN,
    requests: 60_000,
    each: "request",
  }),
);
const withHabits = question("errors 1% + 2 points, users with habits", 500, 6, {
  errors: 0.01,
  difference: MARGIN,
  requests: 60_000,
  each: "key",
});
const equal = RATES.map((errors) =>
  question(`errors ${percent(errors)}, no difference`, 500, 40, {
    errors,
    difference: 0,
    requests: 60_000,
    each: "request",
  }),
);
const [, usual] = equal;

const bad = [...atMargin, withHabits];

export const promotionSection: Section = {
  title: "What is proved is so",
  text: `The late stages wait until it is proved that the candidate's share of failed or unusable answers is at most 2 points above
the control's. The promise is that a candidate which is exactly so much worse is ever promoted with a chance of at most 5%,
looked at here after each ${LOOK_EVERY} requests, at a share of ${percent(SHARE)}. What of the others is a proof of this kind? The fixed threshold and the
tests of the tables above have none: who hears no alarm goes on.`,
  scenarios: [...bad, ...equal],
  table: (found) => [
    ["", "proved", "candidate's requests until then: median (p90)"],
    ...[...bad, ...equal].map((scenario) => {
      const runs = found(scenario);
      const delays = `${shown(runs.median("proved"))} (${shown(runs.quantile("proved", 0.9))})`;
      return [scenario.name, percent(runs.having("proved") / runs.count), delays];
    }),
  ],
  goals: (found) => [
    ...bad.map((scenario) => rare(`${scenario.name}: proved`, found(scenario), "proved", WRONG)),
    ...(usual === undefined
      ? []
      : [within(`${usual.name}: median until proved`, found(usual), "proved", 0.5, 1300)]),
  ],
};
