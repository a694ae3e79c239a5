import { describe, expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { nodes, projectNode, runCommand } from "./command.ts";

describe.each(nodes)("crossover on %s", (_name, node) => {
  test("--help lists the commands", async () => {
    const { code, stdout, stderr } = await runCommand(node, ["--help"]);
    expect([code, stderr]).toEqual([0, ""]);
    for (const word of ["Usage: crossover COMMAND", "start", "check", "explain", "keys"])
      expect(stdout).toContain(word);
  });

  test("--version prints the package's version", async () => {
    expect(await runCommand(node, ["--version"])).toEqual({
      code: 0,
      stdout: `${manifest.version}\n`,
      stderr: "",
    });
  });

  test("wrong use ends with 2 and says what is wrong", async () => {
    const unknown = await runCommand(node, ["frobnicate"]);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toMatch(/^crossover: there is no command "frobnicate"\.\n/);
    const option = await runCommand(node, ["check", "--frobnicate"]);
    expect(option.code).toBe(2);
    expect(option.stderr).toContain("--frobnicate");
    expect(option.stderr).not.toMatch(/^\s+at /m);
    expect((await runCommand(node, ["constructor"])).code).toBe(2);
    const none = await runCommand(node, []);
    expect([none.code, none.stdout]).toEqual([2, expect.stringContaining("Usage")]);
  });
});

test.each(["start", "check", "explain", "keys", "dataset", "rollout"])(
  "%s --help tells its usage",
  async (command) => {
    const { code, stdout } = await runCommand(projectNode, [command, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Usage: crossover ${command}`));
  },
);

test("an error moves no cursor, whatever it quotes", async () => {
  const { code, stderr } = await runCommand(projectNode, ["keys", "list", "--\u001b[2J"]);
  expect([code, stderr]).toEqual([2, expect.stringContaining("--\ufffd[2J")]);
  expect(stderr).not.toContain("\u001b");
});
