import { describeMachine } from "../machine.ts";
import { markdownTable } from "../report.ts";
import type { Found, Goal, Scenario, Section } from "./scenario.ts";

export interface PageFacts {
  readonly sections: readonly Section[];
  readonly found: Found;
  readonly minutes: number;
  readonly workers: number;
  /** How long workers were at a scenario. */
  readonly workerMs: (scenario: Scenario) => number;
}

/** The page on how the statistics do. Markdown. */
export function page({ sections, found, minutes, workers, workerMs }: PageFacts): string {
  const goals = sections.flatMap((section) => section.goals(found));
  const missed = goals.filter(({ isMet }) => !isMet);
  const hours = (section: Section): string =>
    (section.scenarios.reduce((sum, scenario) => sum + workerMs(scenario), 0) / 60_000).toFixed(1);
  return `# How well rollouts decide

Written by \`npm run sim\` on ${new Date().toISOString().slice(0, 10)}, in ${minutes.toFixed(0)} minutes by ${workers} threads: ${describeMachine()}, Node ${process.versions.node}.
The code that decides here is the gateway's own: its monitor, its plan of stages and its estimators are given simulated
requests one after the other. Each run's numbers follow from its scenario's name and its own number alone (from 0), so that every
figure comes out the same again; \`npm run sim -- --only TEXT --runs 10\` shows ten runs of the scenarios with a text in their
names.

${missed.length === 0 ? `All ${goals.length} goals are met.` : `${goals.length - missed.length} of ${goals.length} goals are met; missed: ${missed.map(({ what }) => what).join("; ")}.`}

${INTRODUCTION}
${sections
  .map(
    (section) => `## ${section.title}

${section.text}

${markdownTable(section.table(found))}
${goalTable(section.goals(found))}
It took ${hours(section)} minutes of a thread.
`,
  )
  .join("\n")}`;
}

/** What was to be reached, and what was. Markdown. */
export function goalTable(goals: readonly Goal[]): string {
  return markdownTable([
    ["goal", "wanted", "measured", ""],
    ...goals.map(({ what, goal, measured, isMet }) => [what, goal, measured, isMet ? "met" : "**missed**"]),
  ]);
}

const INTRODUCTION = `## What is promised

- **A candidate that is no worse than allowed is rolled back with a chance of at most 1%** (\`alpha\`), over the whole rollout,
  with a look after every request. Alpha is split over the guardrails; stages and looks cost nothing. Errors, unusable, slow,
  dear and badly rated answers are *events*, and of each it is asked whose it was: while the candidate has no more of
  them, the chance that the next one is the candidate's is no larger than its share of the requests, whatever the rate is at that moment. So
  nothing that hits both sides counts against either. Evidence is a product of bets that are fair then, and reaches 1/alpha with a
  chance of at most alpha (Ville; Lindon and Malek, NeurIPS 2022).
- **Users with habits change nothing of that.** Of a sticky user only the first event of a kind counts.
- **What turns bad late is seen too**: besides the evidence of the whole rollout there is some that begins afresh with each stage, and with
  each 10,000 requests.
- **Means** of costs and scores are compared by betting on bounded values (Waudby-Smith and Ramdas, 2020), shadowed pairs by
  betting on their differences.
- **"Proved" is another claim than "no alarm"**, with a test of its own: two confidence sequences that hold at every look
  (Robbins), wrong in at most 5%.
- **A backtest says so when its log cannot tell.** Otherwise its intervals hold the truth in 95%.

## Beside whom

On the same requests, what others roll back by:

- *fixed threshold*, as in Argo Rollouts and Flagger: each minute in which more than 1% of the candidate's requests fail is a
  failed check, and ten failed checks roll back;
- *repeated z-test*: the usual test of two shares at 1%, one-sided, looked at after every request;
- *best arm*: the stopping rule of TensorZero's experiments (a generalised likelihood ratio with a chance of 5% for a wrong
  winner), looked at each five minutes.

Requests come at ten a second where nothing else is said. Delays are counted in the candidate's requests: those are the
answers that a bad candidate gave before it was stopped.
`;
