import { Monitor } from "../../../src/rollouts/monitor.ts";
import { blankRequest } from "../blank.ts";
import { percent, rare, shown, within } from "../goals.ts";
import { rampOf, USUAL } from "../policies.ts";
import type { Random } from "../random.ts";
import type { Figures, Scenario, Section } from "../scenario.ts";

const SHARE = 0.05;
const USERS = 50_000;

const policy = rampOf(
  USUAL.filter(({ kind }) => kind !== "feedback"),
  0,
);

/** @param lost share of the candidate's users who are not seen @returns `found`: users until it was noticed */
function firstRequests(random: Random, lost: number): Figures {
  const monitor = new Monitor({ policy, sticky: true });
  const observation = blankRequest(SHARE);
  for (let users = 1; users <= USERS; ) {
    const unit = random.unit();
    const isCandidate = unit < SHARE;
    if (isCandidate && random.unit() < lost) continue;
    observation.unit = unit;
    observation.side = isCandidate ? "candidate" : "control";
    if (monitor.observe(observation)?.kind === "sample_ratio") return { found: users };
    users++;
  }
  return {};
}

const healthy: Scenario = {
  name: "5% of the users, as was set",
  full: 2000,
  reduced: 20,
  run: (random) => firstRequests(random, 0),
};
const lost: Scenario = {
  name: "4% instead of 5%: one of five of the candidate's is lost",
  full: 1000,
  reduced: 40,
  run: (random) => firstRequests(random, 0.2),
};
const half: Scenario = {
  name: "2.5% instead of 5%",
  full: 1000,
  reduced: 20,
  run: (random) => firstRequests(random, 0.5),
};

export const sampleRatioSection: Section = {
  title: "The sides get the users that they should",
  text: `${USERS.toLocaleString("en")} users, each looked at once. A rollout whose sides get other shares than were set is paused, as no verdict can be trusted:
by mistake in at most 0.1% of rollouts. None of the three others looks at this.`,
  scenarios: [healthy, lost, half],
  table: (found) => [
    ["", "paused", "users until then: median (p90)"],
    ...[healthy, lost, half].map((scenario) => {
      const runs = found(scenario);
      const delays = `${shown(runs.median("found"))} (${shown(runs.quantile("found", 0.9))})`;
      return [scenario.name, percent(runs.having("found") / runs.count), delays];
    }),
  ],
  goals: (found) => [
    rare(`${healthy.name}: paused`, found(healthy), "found", 0.001),
    within(`${lost.name}: median`, found(lost), "found", 0.5, 8000),
  ],
};
