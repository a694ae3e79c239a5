import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { twoPaths } from "../support/config.ts";
import { nodes, projectNode, runCommand, temporaryFiles } from "./command.ts";

const CONFIG = stringify(
  twoPaths("http://127.0.0.1:9", {
    rollouts: { move: { control: "prompted", candidate: "tuned", stages: [1, 100], stage: 1 } },
    routes: {
      moving: { default: { rollout: "move" } },
      help: {
        rules: [
          { name: "vip", when: '"tier" in metadata && metadata.tier == "vip"', use: "prompted" },
          { name: "beta", when: '"x-beta" in headers && headers["x-beta"] == "on"', use: "tuned" },
          { name: "rest", use: "prompted" },
        ],
      },
    },
  }),
);
const body = (metadata: Readonly<Record<string, string>> = {}): string =>
  JSON.stringify({ model: "help", metadata, messages: [{ role: "user", content: "Why?" }] });

describe.each(nodes)("crossover explain on %s", (_name, node) => {
  test("a body from a file, in words", async () => {
    const path = temporaryFiles({ "c.yaml": CONFIG, "body.json": body({ tier: "vip" }) });
    const { code, stdout, stderr } = await runCommand(node, [
      "explain",
      path("body.json"),
      "-c",
      path("c.yaml"),
    ]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout.split("\n")[0]).toBe(
      "help -> prompted (enriched, base-model at up), chosen with probability 1",
    );
    expect(stdout).toContain("✓ vip");
    expect(stdout).toContain('metadata.tier = "vip"');
  });

  test("a body from standard input with headers, as JSON", async () => {
    const path = temporaryFiles({ "c.yaml": CONFIG });
    const { code, stdout } = await runCommand(
      node,
      ["explain", "--json", "-c", path("c.yaml"), "-H", "X-Beta: on", "-H", "x-other: 1"],
      { input: body() },
    );
    expect(code).toBe(0);
    const decision = JSON.parse(stdout);
    expect(decision).toMatchObject({ route: "help", rule: "beta", variant: "tuned", path: "bare" });
    expect(decision.trace.map((step: { matched: boolean }) => step.matched)).toEqual([false, true]);
    expect(decision.request).toMatchObject({
      model: "base-model-tuned",
      messages: [{ role: "user", content: "Why?" }],
    });
  });
});

test("a rollout is told of, and that only a gateway knows where one stands that was started", async () => {
  const path = temporaryFiles({ "c.yaml": CONFIG });
  const { stdout } = await runCommand(projectNode, ["explain", "-c", path("c.yaml")], {
    input: body().replace("help", "moving"),
  });
  const [first, second] = stdout.split("\n");
  expect(first).toContain("moving -> tuned");
  expect(second).toBe(
    "rollout move as configured in stage 2, where 100% are the candidate's; one that was started may be elsewhere",
  );
});

test("what cannot be explained ends with 1 and one plain line", async () => {
  const path = temporaryFiles({ "c.yaml": CONFIG });
  const run = (input: string, ...more: readonly string[]) =>
    runCommand(projectNode, ["explain", "-c", path("c.yaml"), ...more], { input });
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ["{", [], /not valid JSON.*\(400 invalid_json\)/],
    [body().replace("help", "nothing"), [], /There is no route "nothing".*\(404 model_not_found\)/],
    [body(), ["-H", "no colon"], /A header is `name: value`/],
    [body(), ["/nowhere.json"], /there is no file/],
  ];
  for (const [input, more, words] of cases) {
    const { code, stdout, stderr } = await run(input, ...more);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(words);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  }
});
