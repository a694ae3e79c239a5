import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { KeyRing } from "../src/keys/key-ring.ts";
import { startNode } from "../src/node.ts";
import { projectNode } from "./cli/command.ts";
import { codeBlocks, readPage } from "./support/markdown.ts";

const root = join(import.meta.dirname, "..");
const run = promisify(execFile);

/** The commands of the README's shell blocks, one by one. */
const commands = codeBlocks("README.md", "sh").flatMap(({ text }) =>
  text
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => line.trim() !== ""),
);
const curls = commands.filter((command) => command.startsWith("curl"));

/** The gateway as `npm start` runs it without any key. @returns where it listens */
async function startDefault(): Promise<string> {
  const running = await startNode({
    configPath: join(root, "config/crossover.yaml"),
    env: { PORT: "0" },
    log: () => {},
    keys: new KeyRing(),
    watch: false,
  });
  onTestFinished(() => running.close(0));
  return running.url;
}

test("the two commands are scripts of the package", () => {
  expect(commands.slice(0, 2)).toEqual(["npm ci && npm start", "npm ci && npm test"]);
  expect(manifest.scripts).toMatchObject({ start: expect.any(String), test: expect.any(String) });
});

test("the two requests go down the two paths, with the headers of the table", async () => {
  const url = await startDefault();
  const answers: string[] = [];
  for (const curl of curls.slice(0, 2)) {
    const command = curl.replace("http://127.0.0.1:8787", url).replace("curl ", "curl -sS ");
    answers.push((await run("sh", ["-c", command])).stdout);
  }
  const rows = [...readPage("README.md").matchAll(/^\| `(x-crossover-[\w-]+)` \| `(\S+)` \| `(\S+)` \|$/gm)];
  expect(rows).toHaveLength(4);
  for (const [, header, first, second] of rows) {
    expect(answers[0]).toContain(`\n${header}: ${first}\r`);
    expect(answers[1]).toContain(`\n${header}: ${second}\r`);
  }
  const [prompted = 0, bare = 0] = answers.map((text) => Number(/"prompt_tokens":(\d+)/.exec(text)?.[1]));
  expect(prompted).toBeGreaterThan(bare);
});

test("files pass on though the client names no provider, as the SDK does not", async () => {
  const answer = await fetch(`${await startDefault()}/v1/files`);
  expect([answer.status, await answer.json()]).toMatchObject([200, { object: "list" }]);
});

test("the dry run shows the decision and the request", async () => {
  const url = await startDefault();
  const command = curls[2]?.replace("http://127.0.0.1:8787", url).replace("curl ", "curl -sS ") ?? "";
  const decision = JSON.parse((await run("sh", ["-c", command])).stdout);
  expect(decision).toMatchObject({ object: "crossover.decision", route: "recipes", rule: "migration" });
  expect(decision.request.messages.at(-1).content).toContain("Quick tomato soup");
});

test("the SDK's example streams an answer", async () => {
  const url = await startDefault();
  const [block] = codeBlocks("README.md", "js");
  const code = block?.text.replace("http://127.0.0.1:8787", url) ?? "";
  const { stdout } = await run(projectNode, ["--input-type=module", "--eval", code], { cwd: root });
  expect(stdout).toContain("Quick tomato soup");
});
