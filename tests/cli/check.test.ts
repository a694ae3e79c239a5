import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { twoPaths } from "../support/config.ts";
import { nodes, projectNode, runCommand, temporaryFiles } from "./command.ts";

const GOOD = stringify(twoPaths("http://127.0.0.1:9"));
const BAD = `providers: { up: { kind: simulator } }
models: { base: { provider: up, model: x } }
variants:
  one: { model: base }
routes:
  r:
    rules:
      - { use: nobody }
      - { when: "1 +", use: one }
  s: { rulez: [] }
`;

describe.each(nodes)("crossover check on %s", (_name, node) => {
  test("a good configuration ends with 0", async () => {
    const path = temporaryFiles({ "good.yaml": GOOD })("good.yaml");
    const { code, stdout, stderr } = await runCommand(node, ["check", path]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toBe(`${path} is good.\n`);
  });

  test("a bad one ends with 1 and names file, line and key", async () => {
    const path = temporaryFiles({ "bad.yaml": BAD })("bad.yaml");
    const { code, stdout, stderr } = await runCommand(node, ["check", path]);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/bad\.yaml:10:\d+ routes\.s\.rulez: unknown key `rulez`/);
  });

  test("--json prints every problem with its line and key", async () => {
    const path = temporaryFiles({ "bad.yaml": BAD.replace("  s: { rulez: [] }\n", "") })("bad.yaml");
    const { code, stdout } = await runCommand(node, ["check", path, "--json"]);
    expect(code).toBe(1);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ valid: false, version: null });
    expect(result.problems).toContainEqual(
      expect.objectContaining({ file: "bad.yaml", line: 8, key: "routes.r.rules[0].use" }),
    );
    expect(result.problems).toContainEqual(
      expect.objectContaining({ file: "bad.yaml", line: 9, key: "routes.r.rules[1].when" }),
    );
  });
});

test("every file that is named is checked, and one bad one makes all bad", async () => {
  const path = temporaryFiles({ "good.yaml": GOOD, "bad.yaml": BAD });
  const { code, stdout, stderr } = await runCommand(projectNode, [
    "check",
    path("good.yaml"),
    path("bad.yaml"),
  ]);
  expect([code, stdout]).toEqual([1, `${path("good.yaml")} is good.\n`]);
  expect(stderr).toContain(`${path("bad.yaml")} can't be used:\n`);
});

test.each([
  ["two names for one file", ["check", "a.yaml", "--config", "b.yaml"]],
  ["several files as JSON", ["check", "a.yaml", "b.yaml", "--json"]],
])("%s are a wrong use", async (_what, args) => {
  const { code, stdout, stderr } = await runCommand(projectNode, args);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^crossover check: .+\n$/);
});

test("--json of a good configuration gives its version and notices", async () => {
  const path = temporaryFiles({ "empty.yaml": "{}" })("empty.yaml");
  const { code, stdout } = await runCommand(projectNode, ["check", "--json", path]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    valid: true,
    version: expect.stringMatching(/^[0-9a-f]{12}$/),
    problems: [],
    notices: ["no routes are configured: every request gets 404"],
  });
});

test("the configuration may come from --config and from CROSSOVER_CONFIG, and the default is good", async () => {
  const path = temporaryFiles({ "bad.yaml": BAD })("bad.yaml");
  expect((await runCommand(projectNode, ["check", "--config", path])).code).toBe(1);
  expect((await runCommand(projectNode, ["check"], { env: { CROSSOVER_CONFIG: path } })).code).toBe(1);
  expect((await runCommand(projectNode, ["check"])).code).toBe(0);
});

test("a file that is not there is a problem like any other", async () => {
  const { code, stderr } = await runCommand(projectNode, ["check", "/nowhere/at/all.yaml"]);
  expect(code).toBe(1);
  expect(stderr).toContain("there is no such file");
  expect(stderr).not.toMatch(/^\s+at /m);
});

test("a variable that the environment lacks is named with its line", async () => {
  const text = `providers:\n  up: { kind: openai, apiKey: "\${NOT_SET_ANYWHERE}" }\n`;
  const path = temporaryFiles({ "env.yaml": text })("env.yaml");
  const { code, stderr } = await runCommand(projectNode, ["check", path]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/env\.yaml:2:\d+ .*NOT_SET_ANYWHERE/);
  expect((await runCommand(projectNode, ["check", path], { env: { NOT_SET_ANYWHERE: "sk-abc" } })).code).toBe(
    0,
  );
});
