import { readFileSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import { batch, call, contentOf } from "../store/samples.ts";
import { captured, given } from "../support/captured.ts";
import { twoPaths } from "../support/config.ts";
import type { TestGateway } from "../support/gateway.ts";
import { startStored } from "../support/stored-gateway.ts";
import { type Ended, projectNode, runCommand, temporaryFiles } from "./command.ts";

const TOKEN = "admin-token-of-the-test";

async function start(): Promise<{
  gateway: TestGateway;
  store: Store;
  captures: (...args: readonly string[]) => Promise<Ended>;
}> {
  const config = twoPaths("http://127.0.0.1:9", { server: { port: 0, adminToken: TOKEN } });
  const { gateway, store } = await startStored(config);
  return {
    gateway,
    store,
    captures: (action = "", ...args) =>
      runCommand(projectNode, ["captures", action, ...args, "--url", gateway.url], {
        env: { CROSSOVER_ADMIN_TOKEN: TOKEN },
      }),
  };
}

const cellsOf = ({ stdout }: Ended): readonly (readonly string[])[] =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.trim().split(/ {2,}/));

test("captures are listed in a table, narrowed by flags, page by page", async () => {
  const { store, captures } = await start();
  const steering = contentOf("Tomato\n soup \u001b[31m", "Chop.");
  const soup = captured({ promptVersion: "p1", content: steering, costUsd: undefined });
  const bread = captured({ content: contentOf("b".repeat(80), "Knead.") });
  await store.write(batch({ captures: [soup, bread] }));
  await store.addFeedback(given(soup.id, "thumbs", true));

  const first = await captures("list", "--limit", "1");
  expect(first.code, first.stderr).toBe(0);
  const [head, , row] = cellsOf(first);
  expect(head).toEqual(["id", "time (UTC)", "route", "variant", "outcome", "feedback", "query"]);
  expect(row?.slice(0, 5)).toEqual([
    bread.id,
    new Date(bread.at).toISOString().slice(0, 16).replace("T", " "),
    "recipes",
    "prompted",
    "success",
  ]);
  expect(row?.at(-1)).toMatch(/^b+…$/);
  expect(first.stdout.split("\n")[2]).toHaveLength(120);
  const cursor = /--cursor (\S+)\n/.exec(first.stderr)?.[1] ?? "";
  const second = await captures("list", "--limit", "1", "--cursor", cursor);
  expect([second.code, second.stderr]).toEqual([0, ""]);
  expect(second.stdout).toContain("thumbs=true  Tomato soup \ufffd[31m\n");
  expect(second.stdout).not.toContain("\u001b");

  const narrowed = await captures(
    "list",
    ...["--prompt-version", "p1", "--feedback", "thumbs=true", "--q", "soup", "--json"],
  );
  expect(JSON.parse(narrowed.stdout)).toMatchObject({ data: [{ id: soup.id }], has_more: false });

  expect(await captures("list", "--user", "nobody")).toEqual({
    code: 0,
    stdout: "",
    stderr: "No captures match.\n",
  });
});

test("rows of a list fit 120 columns whatever stands in them", async () => {
  const { store, captures } = await start();
  const long = captured({
    route: "r".repeat(60),
    variant: "v".repeat(60),
    outcome: "client_closed",
    content: contentOf("q".repeat(300), ""),
  });
  await store.write(batch({ captures: [long] }));
  await store.addFeedback(given(long.id, "label", "l".repeat(100)));
  const { stdout } = await captures("list");
  expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBe(120);
});

test("a capture is shown with its texts and its feedback", async () => {
  const { store, captures } = await start();
  const soup = captured({
    content: contentOf("Tomato soup\n\u001b[2J", "Chop."),
    errorCode: undefined,
    calls: [call({ status: undefined, outcome: "timeout" }), call({ hedge: true, note: "it took long" })],
  });
  await store.write(batch({ captures: [soup] }));
  await store.addFeedback({ ...given(soup.id, "thumbs", false), comment: "Too short." });
  const { code, stdout, stderr } = await captures("show", soup.id);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^id +cx_/);
  expect(stdout).toMatch(/\nvariant +prompted\n/);
  expect(stdout).toMatch(/\nmetadata\.team +kitchen\n/);
  expect(stdout).not.toMatch(/error_code|null/);
  expect(stdout).not.toContain("\u001b");
  expect(stdout).toMatch(/\nduration_ms +230\.3\n/);
  expect(stdout).toMatch(/\ncost_usd +\$0\.000123\n/);
  expect(stdout).toContain(
    "\ncalls\n-----\n1.5 ms  prompted (gpt-4o-mini)  timeout after 228.8 ms\n" +
      "1.5 ms  prompted (gpt-4o-mini)  success (200) after 228.8 ms  hedge  it took long\n",
  );
  expect(stdout).toContain("\nmessages\n--------\nuser: Tomato soup\n\ufffd[2J\n");
  expect(stdout).toContain("\nanswer\n------\nChop.\n");
  expect(stdout).toMatch(/\nfeedback\n-+\n\S+Z {2}thumbs: false {2}\(Too short\.\)\n$/);
  const json = JSON.parse((await captures("show", soup.id, "--json")).stdout);
  expect(json).toMatchObject({ id: soup.id, request: { messages: [{ role: "user" }] } });
});

test("a conversation is shown whole, with the tools that it calls", async () => {
  const { store, captures } = await start();
  const call = (name: string) => [{ id: "c", type: "function", function: { name, arguments: "{}" } }];
  const soup = captured({
    content: {
      ...contentOf("And now?", ""),
      request: JSON.stringify({
        messages: [
          { role: "system", content: "Be short." },
          { role: "user", content: [{ type: "text", text: "Weather?" }] },
          { role: "assistant", content: null, tool_calls: call("look") },
          { role: "tool", tool_call_id: "c", content: "Rain." },
          { role: "user", content: "And now?" },
        ],
      }),
      answer: JSON.stringify({ choices: [{ message: { role: "assistant", tool_calls: call("again") } }] }),
    },
  });
  const facts = captured({ content: undefined });
  await store.write(batch({ captures: [soup, facts] }));
  const { stdout } = await captures("show", soup.id);
  expect(stdout).toContain(
    "\nsystem: Be short.\nuser: Weather?\nassistant: [calls look({})]\ntool: Rain.\nuser: And now?\n",
  );
  expect(stdout).toContain("\nanswer\n------\n[calls again({})]\n");
  expect((await captures("show", facts.id)).stdout).toMatch(
    /messages\n-+\n\(not kept\)\n\nanswer\n-+\n\(not kept\)\n$/,
  );
});

test("captures are deleted, one or all of a user", async () => {
  const { store, captures } = await start();
  const [one, ...more] = [
    captured(),
    captured({ user: "a&b" }),
    captured({ user: "a&b" }),
    captured({ user: "bob" }),
  ];
  await store.write(batch({ captures: [one ?? captured(), ...more] }));
  expect(await captures("delete", one?.id ?? "")).toEqual({
    code: 0,
    stdout: "Deleted: captures 1, feedback 0, rows of comparisons 0.\n",
    stderr: "",
  });
  expect((await captures("delete", "--user", "a&b")).stdout).toMatch(/^Deleted: captures 2,/);
  expect((await captures("delete", "--user", "a&b", "--json")).stdout).toContain('"captures": 0');
  expect(await store.count({})).toBe(1);
});

test("feedback is summed up in a table", async () => {
  const { store, captures } = await start();
  const both = [captured(), captured()];
  await store.write(batch({ captures: both }));
  for (const { id } of both) {
    await store.addFeedback(given(id, "thumbs", true));
    await store.addFeedback(given(id, "label", "too\n\u0007long"));
  }
  const { code, stdout, stderr } = await captures("feedback", "--route", "recipes");
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.split("\n").map((line) => line.trim().split(/ {2,}/))).toEqual([
    ["route", "variant", "name", "labels", "requests", "mean", "95% from", "to"],
    expect.anything(),
    ["recipes", "prompted", "label", "too \ufffdlong=2", "2"],
    ["recipes", "prompted", "thumbs", "2", "1.000", "0.342", "1.000"],
    [""],
  ]);
});

test("a store is exported to a file of its owner, and imported into another", {
  timeout: 120_000,
}, async () => {
  const separators = contentOf("a\u2028b\u0085c\rd", "é".repeat(100_000));
  const kept = [captured({ content: separators }), captured()];
  const path = temporaryFiles({ "from.db": "", "to.db": "" });
  const [from, to] = [path("from.db"), path("to.db")];
  const url = (file: string): readonly string[] => ["--store", `file:${file}`];
  const first = await openStore(`file:${from}`);
  await first.write(batch({ captures: kept }));
  await first.addFeedback(given(kept[0]?.id ?? "", "thumbs", true));
  await first.close();
  const out = `${from}.jsonl`;
  const captures = (...args: readonly string[]): Promise<Ended> =>
    runCommand(projectNode, ["captures", ...args]);

  expect(await captures("export", out, ...url(from))).toEqual({
    code: 0,
    stdout: "",
    stderr: `Wrote ${out}: captures 2, recipes 0, feedback 1, usage 0, comparisons 0.\n`,
  });
  expect(statSync(out).mode & 0o777).toBe(0o600);
  const printed = await captures("export", ...url(from));
  expect(printed).toEqual({ code: 0, stdout: readFileSync(out, "utf8"), stderr: "" });
  const again = await captures("export", out, ...url(from));
  expect([again.code, again.stderr]).toEqual([2, expect.stringContaining("is there already")]);

  const imported = await captures("import", out, ...url(to));
  expect(imported).toEqual({
    code: 0,
    stdout: "Added: captures 2, recipes 0, feedback 1, usage 0, comparisons 0.\n",
    stderr: "",
  });
  expect((await captures("import", out, ...url(to))).stdout).toBe(
    "Added: captures 0 (2 were there), recipes 0, feedback 0 (1 was there), usage 0, comparisons 0.\n",
  );
  const second = await openStore(`file:${to}`);
  expect((await second.find(kept[0]?.id ?? ""))?.content).toEqual(separators);
  await second.close();
  const broken = await captures("import", new URL(import.meta.url).pathname, ...url(to));
  expect([broken.code, broken.stderr]).toEqual([1, expect.stringContaining("line 1: ")]);
  const missing = await captures("import", `${out}.none`, ...url(to));
  expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining("there is no file")]);
});

test("what the gateway refuses ends with 1, in its words", async () => {
  const { captures } = await start();
  const refused: readonly (readonly [readonly string[], RegExp])[] = [
    [
      ["show", "cx_none"],
      /^crossover captures: No capture of this id is kept\. \(404 capture_not_found\)\n$/,
    ],
    [["delete", "cx_none"], /\(404 capture_not_found\)\n$/],
    [["list", "--status", "ok"], /`status` is not valid: .*\(400 invalid_value\)\n$/],
    [["feedback", "--from", "soon"], /`from` is not valid: .*\(400 invalid_value\)\n$/],
  ];
  for (const [args, words] of refused) {
    const { code, stdout, stderr } = await captures(...args);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(words);
  }
});

test.each([
  [[]],
  [["toString"]],
  [["show"]],
  [["show", "a", "b"]],
  [["delete"]],
  [["delete", "a", "--user", "b"]],
  [["list", "--rute", "x"]],
  [["feedback", "--limit", "5"]],
  [["import"]],
  [["export", "a", "b"]],
])("wrong use ends with 2 and asks nobody: captures %j", async (args) => {
  const { code, stdout, stderr } = await runCommand(projectNode, ["captures", ...args]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^crossover captures: .+\n$/);
});
