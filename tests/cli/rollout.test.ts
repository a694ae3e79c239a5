import type { Socket } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { describe, expect, onTestFinished, test } from "vitest";
import { historyText, rolloutTable, rolloutText } from "../../src/cli/rollout-text.ts";
import type { RolloutView, RunState } from "../../src/rollouts/run.ts";
import { changeToDocument, toDocument } from "../../src/rollouts/to-document.ts";
import { ADMIN_TOKEN, listeningAt, rolloutApp, servedRollouts } from "../support/rollout-app.ts";
import {
  ADAPTIVE,
  BEGUN,
  change,
  evidence,
  FakeRollouts,
  PAIRS,
  PROOF,
  run,
  unstarted,
  view,
} from "../support/rollouts.ts";
import { type Ended, nodes, projectNode, runCommand } from "./command.ts";

async function serving(...views: readonly RolloutView[]) {
  const rollouts = new FakeRollouts(...views);
  const url = await servedRollouts(rollouts);
  const rollout = (...args: readonly string[]): Promise<Ended> =>
    runCommand(projectNode, ["rollout", ...args, "--url", url], {
      env: { CROSSOVER_ADMIN_TOKEN: ADMIN_TOKEN },
    });
  return { rollouts, rollout, url };
}

const VERDICT = {
  guardrail: "errors",
  seq: 12,
  observation: 4312,
  evidence: evidence({ logEvidence: 6, logPeak: 6 }),
  candidateRequests: 214,
};

const BY_PAIRS = evidence({
  candidate: { count: 0, events: 0, value: undefined },
  pairs: { count: 20, control: 0, candidate: 14 },
});

describe("what is shown", () => {
  test("says where it stands, how near each guardrail is, what it waits for and on what it came here", () => {
    const shown = view({
      proof: PROOF,
      evidence: [evidence(), evidence({ guardrail: "cost", logEvidence: -1, sees: undefined })],
      shadowPercent: 10,
    });
    expect(rolloutText(toDocument(shown), [changeToDocument(change())])).toBe(`\
rollout           move
state             running, stage 2 of 4
weight            5% to tuned
shadowed          10% of the control's requests
control           prompted, 12,345 requests
candidate         tuned, 650 requests
run               run_1
started           2027-01-31 18:00:00 UTC
this stage since  2027-01-31 18:15:00 UTC

guardrails
----------
guardrail  so far    of threshold  candidate            control               allowed
---------  --------  ------------  -------------------  --------------------  ------------------------
errors     no alarm  20%           1.39% of 650         1% of 12,345          1.25 times the control's
cost       no alarm  0%            mean $0.0139 of 650  mean $0.01 of 12,345  1.25 times the control's

smallest fault that would have been seen
----------------------------------------
errors  3 times as many as allowed
cost    nothing yet; it takes about 900 more requests of the candidate

proof
-----
Not proved within 2 points yet. The candidate's share of failed or unusable answers minus the control's is between −1.1 points and +3.4 points. It takes about 680 more sticky keys of the candidate.

stages passed
-------------
2027-01-31 18:15:00  1% → 5% on “no alarm”

the next stage waits for
------------------------
42 more requests of the candidate
3 more minutes
`);
  });

  test("says which it was: no alarm or proved", () => {
    const proved = change({
      ground: "proved",
      proof: { ...PROOF, isProved: true },
      to: { state: "running", stage: 3, percent: 50 },
    });
    const text = rolloutText(toDocument(view()), [proved, change()].map(changeToDocument));
    expect(text).toContain("1% → 5% on “no alarm”\n");
    expect(text).toContain("1% → 50% on “proved within 2 points”\n");
    expect(text.indexOf("no alarm”")).toBeLessThan(text.indexOf("proved within"));
  });

  test("says which side is known to be the better one", () => {
    const trail = [
      change({ action: "rollback", ground: "best_arm", to: { state: "rolled_back", stage: 0, percent: 0 } }),
      change({ action: "set-weight", ground: "best_arm", to: { state: "running", stage: 0, percent: 9 } }),
      change({ action: "promote", ground: "person", to: { state: "promoted", stage: 0, percent: 100 } }),
    ].map(changeToDocument);
    const text = historyText(trail);
    expect(text).toContain("rollback 1% → 0%, the control is known to be the better one ");
    expect(text).toContain("set-weight 1% → 9%, adaptive weights ");
    expect(text).toContain("promote 1% → 100%  ");
    expect(rolloutText(toDocument(view()), trail)).toContain("1% → 100% by hand\n");
  });

  test("says when judging ended, which may be long before somebody took it back", () => {
    const to = (state: RunState) => ({ state, stage: 1, percent: 0 });
    const trail = [
      change({ at: BEGUN + 9_000_000, action: "rollback", to: to("rolled_back") }),
      change({ at: BEGUN + 3_600_000, action: "promote", to: to("promoted") }),
      change(),
      change({ run: "run_0", at: BEGUN - 1000, to: to("promoted") }),
    ].map(changeToDocument);
    const ended = toDocument(view({ run: run({ state: "rolled_back" }) }));
    expect(rolloutText(ended, trail)).toContain("Judging ended at 2027-01-31 19:00:00 UTC (promoted).\n");
    expect(rolloutText(ended, [])).toContain("Judging ended at 2027-01-31 18:15:00 UTC (rolled back).\n");
    expect(rolloutText(toDocument(view()), trail)).not.toContain("Judging ended");
  });

  test("of the sample ratio tells how many and which share, and no fault that it would have seen", () => {
    const ratio = evidence({
      guardrail: "sample_ratio",
      control: { count: 222, events: undefined, value: 0.9528 },
      candidate: { count: 11, events: undefined, value: 0.0472 },
      allowed: "5% on average, as was set",
      sees: undefined,
      neededRequests: undefined,
    });
    const text = rolloutText(toDocument(view({ evidence: [ratio] })), []);
    expect(text).toContain("11 (4.72%)  222 (95.3%)  5% on average, as was set\n");
    expect(text).not.toContain("nothing yet");
    expect(text).not.toContain("smallest fault");
  });

  test("does not call it no alarm where a guardrail had nothing to judge", () => {
    const nothing = { count: 0, events: undefined, value: undefined };
    const blank = evidence({ guardrail: "cost", control: nothing, candidate: nothing, logEvidence: 0 });
    const lineOf = (one: typeof blank): string | undefined =>
      /^cost {2,}.*$/m.exec(rolloutText(toDocument(view({ evidence: [one] })), []))?.[0];
    expect(lineOf(blank)).toMatch(/^cost +nothing seen +0% +– +–/);
    expect(lineOf({ ...blank, control: evidence().control })).toMatch(/^cost +no alarm /);
    expect(lineOf({ ...blank, pairs: { count: 2, control: 0, candidate: 0 } })).toMatch(/^cost +no alarm /);
  });

  test("leaves out the stages of runs before", () => {
    const text = rolloutText(toDocument(view()), [changeToDocument(change({ run: "run_0" }))]);
    expect(text).not.toContain("stages passed");
  });

  test.each<[string, Partial<RolloutView>, string]>([
    ["one that was never started", { run: undefined }, "state      not started"],
    ["one of which it is not known", { run: undefined, isKnown: false }, "state      not known"],
    ["a person's pause", { run: run({ state: "paused", cause: "person" }) }, "paused by a person"],
    ["a verdict", { run: run({ state: "rolled_back", verdict: VERDICT }) }, "rolled back: errors crossed"],
    [
      "what the verdict rests on",
      { run: run({ state: "rolled_back", verdict: VERDICT }) },
      "! Crossed: errors, at observation 4,312, after 214 requests of the candidate: 1.39% of 650 for the candidate beside 1% of 12,345 for the control; allowed: 1.25 times the control's.",
    ],
    [
      "a verdict on pairs alone",
      {
        run: run({ state: "rolled_back", verdict: { ...VERDICT, candidateRequests: 0, evidence: BY_PAIRS } }),
      },
      "after 0 requests of the candidate: 14 of 20 shadowed pairs for the candidate beside 0 for the control; allowed:",
    ],
    [
      "a verdict on requests and pairs",
      {
        run: run({
          state: "rolled_back",
          verdict: { ...VERDICT, evidence: { ...VERDICT.evidence, pairs: BY_PAIRS.pairs } },
        }),
      },
      "beside 1% of 12,345 for the control, and 14 of 20 shadowed pairs for the candidate beside 0 for the control; allowed",
    ],
    [
      "pairs that a guardrail judged",
      { evidence: [BY_PAIRS] },
      "errors     no alarm  20%           –          1% of 12,345  14 of 20 (control 0)  1.25 times the control's\n",
    ],
    [
      "a proof",
      { run: run({ state: "promoted", promotedOn: "proved" }) },
      "promoted, proved within the margin",
    ],
    ["a person's promotion", { run: run({ state: "promoted", promotedOn: "person" }) }, "promoted by hand\n"],
    [
      "what sums leave of their rounding",
      {
        evidence: [
          evidence({ guardrail: "judge", candidate: { count: 20, events: undefined, value: -2.78e-17 } }),
        ],
      },
      "mean 0 of 20",
    ],
    [
      "feedback with dots in its name",
      { evidence: [evidence({ guardrail: "feedback.a.b" })] },
      "feedback a.b ",
    ],
    ["a weight set by hand", { run: run({ byHand: true }) }, "running, with a weight set by hand"],
    ["blindness", { isBlind: true }, "! The store does not answer: the guardrails see nothing"],
    ["other stages", { notices: ["Other stages count later."] }, "! Other stages count later."],
    ["losses", { dropped: 3 }, "! 3 observations could not be kept"],
    ["pairs", { pairs: PAIRS }, "latency, median        812 ms     401 ms\n"],
    ["what a name is written with", { name: "a\u001b[31mred" }, "a\ufffd[31mred"],
    [
      "what the allocation has learned",
      {
        adaptive: ADAPTIVE,
      },
      "Mean reward: 0.75 of 20 for the candidate, 0.5 of 10 for the control. Probability that the candidate is better: 93%.",
    ],
  ])("tells of %s", (_what, fields, words) => {
    expect(rolloutText(toDocument(view(fields)), [])).toContain(words);
  });

  test("moves no cursor, whatever names, people and guardrails are called", () => {
    const red = "\u001b[31mred";
    const rollout = toDocument(
      view({
        name: red,
        control: red,
        candidate: red,
        evidence: [evidence({ guardrail: red, allowed: red, sees: red })],
      }),
    );
    const trail = changeToDocument(change({ by: red, reason: red }));
    for (const text of [rolloutTable([rollout]), rolloutText(rollout, [trail]), historyText([trail])]) {
      expect(text).toContain("\ufffd[31mred");
      expect(text).not.toContain("\u001b");
    }
  });

  test("of the trail has what, who and why", () => {
    const text = historyText(
      [
        change({ action: "rollback", verdict: VERDICT, ground: undefined }),
        change({ by: "ops", reason: "try\nit" }),
      ].map(changeToDocument),
    );
    expect(
      text
        .split("\n")
        .slice(2, 4)
        .map((line) => line.split(/ {2,}/).slice(1)),
    ).toEqual([
      ["rollback 1% → 5%, errors crossed", "crossover"],
      ["advance 1% → 5%, no alarm", "ops", "try it"],
    ]);
  });
});

describe.each(nodes)("crossover rollout on %s", (_name, node) => {
  test("has a help, and knows what it can't do", async () => {
    const help = await runCommand(node, ["rollout", "--help"]);
    expect([help.code, help.stderr]).toEqual([0, ""]);
    expect(help.stdout).toMatch(/^Usage: crossover rollout list\n/);
    for (const args of [
      [],
      ["constructor"],
      ["show"],
      ["show", "a", "b"],
      ["set-weight", "a"],
      ["pause", "a", "--yes"],
    ]) {
      const { code, stdout } = await runCommand(node, ["rollout", ...args]);
      expect([args, code, stdout]).toEqual([args, 2, ""]);
    }
    const percentage = "the percentage must be a number from 0 to 100, not";
    for (const [args, problem] of [
      [["set-weight", "a", "101"], `${percentage} "101"`],
      [["set-weight", "a", "-3"], `${percentage} "-3"`],
      [["set-weight", "a", "1e1"], `${percentage} "1e1"`],
      [
        ["start", "a", "--stage", "x"],
        '--stage must be a whole number from 0: the first stage is 0, not "x"',
      ],
      [["history", "a", "--limit", "0"], '--limit must be a whole number from 1 to 1000, not "0"'],
    ] as const) {
      const { code, stderr } = await runCommand(node, ["rollout", ...args]);
      expect([code, stderr]).toEqual([2, expect.stringContaining(problem)]);
    }
  });
});

test("rollouts are listed and shown, for people and for programs", async () => {
  const { rollout } = await serving(view(), unstarted({ name: "other" }));
  const listed = await rollout("list");
  expect(listed.code, listed.stderr).toBe(0);
  expect(listed.stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
    ["rollout", "state", "control", "candidate", "weight", "requests"],
    expect.anything(),
    ["move", "running, stage 2 of 4", "prompted", "tuned", "5%", "650"],
    ["other", "not started", "prompted", "tuned", "1%", "0"],
    [""],
  ]);
  const shown = await rollout("show", "move");
  expect([shown.code, shown.stdout]).toEqual([0, rolloutText(toDocument(view()), [])]);
  expect(JSON.parse((await rollout("show", "move", "--json")).stdout)).toEqual(toDocument(view()));
  expect(JSON.parse((await rollout("list", "--json")).stdout).data).toHaveLength(2);
});

test("a rollout is started, paused, resumed and raised without a question, and all of it is told", async () => {
  const { rollout, rollouts } = await serving(unstarted());
  const lines = [];
  for (const args of [
    ["start", "move", "--stage", "1", "--reason", "the model of January"],
    ["pause", "move", "--reason", ""],
    ["resume", "move"],
    ["set-weight", "move", "12.5%"],
  ]) {
    const { code, stdout, stderr } = await rollout(...args);
    lines.push([code, stdout, stderr]);
  }
  expect(lines).toEqual([
    [0, "move: running, stage 2 of 4, 5% to tuned.\n", ""],
    [0, "move: paused by a person, 5% to tuned.\n", ""],
    [0, "move: running, stage 2 of 4, 5% to tuned.\n", ""],
    [0, "move: running, with a weight set by hand, 12.5% to tuned.\n", ""],
  ]);
  const [last, ...before] = await rollouts.changes("move", 9);
  expect([last?.action, last?.to.percent]).toEqual(["set-weight", 12.5]);
  expect(before.at(-1)).toMatchObject({ action: "start", by: "admin token", reason: "the model of January" });
  const history = await rollout("history", "move", "--limit", "1");
  expect(history.stdout.split("\n")[2]).toMatch(/set-weight 5% → 12\.5% +admin token$/);
});

test("what takes users back or gives all away needs a yes", async () => {
  const { rollout, rollouts } = await serving(view());
  for (const [question, ...args] of [
    ["Lower tuned from 5% to 4%? Users return to prompted.", "set-weight", "move", "4"],
    [
      "Send all traffic to tuned? Without any answers of prompted nothing can be compared.",
      "set-weight",
      "move",
      "100",
    ],
    ["Send all traffic to tuned? It has 5% now.", "promote", "move"],
    ["Send all traffic to prompted? 5% of it goes to tuned now.", "rollback", "move"],
  ]) {
    const { code, stdout, stderr } = await rollout(...args);
    expect([args, code, stdout, stderr]).toEqual([
      args,
      1,
      "",
      `crossover rollout: nobody can be asked here: give --yes to agree to this: ${question}\n`,
    ]);
  }
  expect(await rollouts.changes("move", 9)).toEqual([]);
  expect((await rollout("set-weight", "move", "4", "--yes")).code).toBe(0);
  expect((await rollout("promote", "move", "--yes")).stdout).toBe("move: promoted by hand, 100% to tuned.\n");
  const anew = await rollout("start", "move");
  expect([anew.code, anew.stderr]).toEqual([1, expect.stringContaining("return to prompted.")]);
  const back = JSON.parse((await rollout("rollback", "move", "-y", "--json")).stdout);
  expect([back.state, back.percent]).toEqual(["rolled_back", 0]);
  expect((await rollout("start", "move")).code).toBe(0);
});

test("what the gateway refuses ends with 1, in its words", async () => {
  const { rollout } = await serving(view());
  for (const [args, words] of [
    [["show", "nothing"], "(404 rollout_not_found)"],
    [["resume", "move"], "(409 rollout_state)"],
    [["promote", "nothing"], "(404 rollout_not_found)"],
  ] as const) {
    const { code, stdout, stderr } = await rollout(...args);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(words);
  }
});

test("what is followed is told anew when it changes, until its run ends", async () => {
  const { rollout, rollouts } = await serving(view());
  const following = rollout("show", "move", "--follow");
  await rollouts.looked(2);
  await rollouts.rollback("move", { by: "ops" });
  const { code, stdout } = await following;
  expect(code).toBe(0);
  expect([...stdout.matchAll(/^state +(.*)$/gm)].map(([, state]) => state)).toEqual([
    "running, stage 2 of 4",
    "rolled back",
  ]);
});

test("a gateway that is away for a while is followed on", async () => {
  const rollouts = new FakeRollouts(view());
  const { app } = rolloutApp(rollouts);
  const server = createAdaptorServer({ fetch: app.fetch });
  onTestFinished(() => void server.close());
  let refuses = 0;
  server.on("connection", (socket: Socket) => {
    if (refuses === 0) return;
    refuses--;
    socket.destroy();
  });
  const port = await listeningAt(server);
  const args = ["rollout", "show", "move", "--follow", "--url", `http://127.0.0.1:${port}`];
  const following = runCommand(projectNode, args, { env: { CROSSOVER_ADMIN_TOKEN: ADMIN_TOKEN } });
  await rollouts.looked(2);
  await rollouts.rollback("move", { by: "ops" });
  refuses = 2;
  if ("closeAllConnections" in server) server.closeAllConnections();
  const { code, stdout, stderr } = await following;
  expect([code, stderr]).toEqual([0, "The gateway does not answer. It is asked again for a minute.\n"]);
  expect(stdout).toMatch(/^state +rolled back$/m);
}, 60_000);
