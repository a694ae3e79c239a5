import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { confirmed } from "../../src/cli/confirm.ts";

const stream = (isTTY: boolean): PassThrough & { readonly isTTY: boolean } =>
  Object.assign(new PassThrough(), { isTTY });

test.each([
  ["y", true],
  ["YES ", true],
  ["", false],
  ["n", false],
  ["yesterday", false],
])("%j on a terminal is %j", async (answer, yes) => {
  const terminal = { stdin: stream(true), stderr: stream(true) };
  const asked = confirmed("Delete 2 captures of ada?", terminal);
  terminal.stdin.write(`${answer}\n`);
  expect(await asked).toBe(yes);
  expect(String(terminal.stderr.read())).toContain("Delete 2 captures of ada? [y/N] ");
});

test("without a terminal nobody is asked", async () => {
  const terminal = { stdin: stream(false), stderr: stream(true) };
  expect(await confirmed("Go on?", terminal)).toBeUndefined();
  expect(terminal.stderr.read()).toBeNull();
});
