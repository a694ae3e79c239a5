import { expect, test } from "vitest";
import { decisionJson } from "../../src/gateway/answer.ts";
import { explain } from "../../src/routing/decide.ts";
import { small, tableOf } from "../config/tables.ts";
import { ask, signals } from "../domain/requests.ts";

test("a decision tells where the run of its rollout stands", () => {
  const table = tableOf(
    small({
      rollouts: { move: { control: "a", candidate: "b" } },
      routes: { route: { default: { rollout: "move" } } },
    }),
  );
  const standing = { run: "run-1", stage: 3, epoch: 7, share: 0.5, shadowShare: 0 };
  const request = ask("q");
  const explained = explain(
    request,
    table,
    signals({ rollouts: new Map([["move", standing]]), random: 0.49 }),
  );
  const decision: unknown = JSON.parse(decisionJson(request, explained));
  expect(decision).toMatchObject({
    variant: "b",
    propensity: 0.5,
    rollout: "move",
    stage: 3,
    share: 0.5,
    run: "run-1",
    trace: [{ why: "the rule has no condition; chance chose the candidate at 50%, in stage 4 of run run-1" }],
  });
});
