import { dirname } from "node:path";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { backtest } from "../../src/backtest/backtest.ts";
import { backtestDocument } from "../../src/backtest/document.ts";
import { backtestText } from "../../src/cli/backtest-text.ts";
import { parseCaptured } from "../../src/gateway/rebuild.ts";
import { openStore } from "../../src/store/open.ts";
import type { StoredCapture } from "../../src/store/store.ts";
import { helpConfig, START, storeOf, traffic } from "../backtest/traffic.ts";
import { tableOf } from "../config/tables.ts";
import { projectNode, runCommand, temporaryFiles } from "./command.ts";

const RULES = [{ name: "rest", use: { split: { prompted: 80, tuned: 20 } } }];
const NEXT = [
  { name: "easy", when: 'metadata.kind == "easy"', use: "tuned" },
  { name: "rest", use: "prompted" },
];
const TIME = ["--since", "2026-11-01", "--until", "2026-11-02"];

/** A folder with two configurations, and a store with a day of captures. */
async function prepared(): Promise<{ run(...args: readonly string[]): ReturnType<typeof runCommand> }> {
  const files = {
    "current.yaml": stringify(helpConfig(RULES)),
    "new.yaml": stringify(helpConfig(NEXT)),
    "bad.yaml": stringify(helpConfig([{ name: "rest", use: "nobody" }])),
  };
  const path = temporaryFiles(files);
  const dataDir = dirname(path("current.yaml"));
  const store = await openStore(`file:${dataDir}/crossover.db`);
  const captures = traffic(tableOf(files["current.yaml"]), { requests: 1500 });
  await store.write({ captures, recipes: [], usage: [] });
  await store.close();
  return {
    run: (...args) =>
      runCommand(projectNode, ["backtest", ...args], {
        cwd: dataDir,
        env: { CROSSOVER_DATA_DIR: dataDir, CROSSOVER_CONFIG: path("current.yaml") },
      }),
  };
}

test("what another configuration would change, for somebody who decides whether to apply it", async () => {
  const { run } = await prepared();
  const { code, stdout, stderr } = await run("--config", "new.yaml", ...TIME);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(
    /^1,500 captured requests from 2026-11-01T00:00 to 2026-11-03T00:00 UTC, by the configuration \w+ in place of \w+\.\n/,
  );
  expect(stdout).toMatch(/^help: of 1,500 requests \d+ \(\d\d(\.\d)?%\) would go elsewhere\.$/m);
  expect(stdout).toMatch(/^prompted +tuned +rest -> easy \d+ +\d+ +\d\d(\.\d)?%$/m);
  expect(stdout).toMatch(/^ {2}prompted -> tuned: cx_0000\d+ "Question \d+ of the easy kind\?"$/m);
  expect(stdout).toMatch(/^change +−[\d,]+ +0 +−[\d,]+ +−\$0\.\d+$/m);
  expect(stdout).toMatch(
    /^Output tokens are an estimate|Output tokens are an estimate: .*of tuned the mean of its \d+ answers, 40/m,
  );
  expect(stdout).toMatch(/^SNIPS +0\.\d+ \(0\.\d+ to [01](\.\d+)?\) +−?0\.\d+ \(−?0\.\d+ to 0\.\d+\)$/m);
  expect(stdout).toMatch(/^doubly robust +0\.\d+/m);
}, 60_000);

test("as JSON, of one route, and where the logs can't tell", async () => {
  const { run } = await prepared();
  const { code, stdout } = await run(
    "-c",
    "new.yaml",
    ...TIME,
    "--route",
    "help",
    "--json",
    "--reward",
    "stars",
  );
  expect(code).toBe(0);
  const { routes, captures } = backtestDocument.parse(JSON.parse(stdout));
  expect(captures).toBe(1500);
  expect(routes[0]?.quality).toMatchObject({ reward: "stars", rows: 0, logged: null, snips: null });
  expect(routes[0]?.quality.refused).toMatchObject([{ kind: "too_few", more_rows: 200 }]);
  const none = await run("-c", "new.yaml", "--since", "2026-10-01", "--until", "2026-10-02");
  expect(none.stdout).toBe("There are no captures from 2026-10-01T00:00 to 2026-10-03T00:00 UTC.\n");
  const other = await run("-c", "new.yaml", ...TIME, "--route", "other");
  expect([other.code, other.stderr]).toEqual([
    1,
    'crossover backtest: neither configuration has a route "other": there are help\n',
  ]);
  const lost = await run("-c", "new.yaml", "--current", "lost.yaml");
  expect([lost.code, lost.stderr]).toEqual([
    1,
    expect.stringMatching(/lost\.yaml:1:1 there is no such file/),
  ]);
}, 60_000);

test("names of captures that came from elsewhere write nothing on a terminal but themselves", async () => {
  const current = tableOf(stringify(helpConfig(RULES)));
  const change = (capture: StoredCapture) => ({ ...capture, id: `${capture.id}\u001b[2J`, rule: "a\u009bb" });
  const document = await backtest(storeOf(traffic(current, { requests: 50, change })), {
    current,
    next: tableOf(stringify(helpConfig(NEXT))),
    filter: { from: START, to: START + 1e9 },
    reward: { kind: "success" },
    limit: 100,
    parse: parseCaptured,
  });
  expect(JSON.stringify(document)).toContain("\\u001b");
  expect(backtestText(document)).not.toMatch(/[^\P{Cc}\n]/u);
});

test("a bad configuration is refused with its key, wrong use with what is right", async () => {
  const { run } = await prepared();
  const bad = await run("-c", "bad.yaml");
  expect(bad.code).toBe(1);
  expect(bad.stderr).toMatch(/bad\.yaml:\d+:\d+ routes\.help\.rules\[0\]\.use/);
  expect((await run()).code).toBe(2);
  const since = await run("-c", "new.yaml", "--since", "soon");
  expect([since.code, since.stderr]).toEqual([
    2,
    expect.stringContaining("--since: a time such as 12h, 7d or 2w"),
  ]);
  const reward = await run("-c", "new.yaml", "--reward", "a=b");
  expect([reward.code, reward.stderr]).toEqual([2, expect.stringContaining("--reward")]);
  const limit = await run("-c", "new.yaml", "--limit", "0");
  expect(limit.code).toBe(2);
}, 60_000);
