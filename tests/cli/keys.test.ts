import { describe, expect, test } from "vitest";
import { sha256 } from "../../src/keys/secret.ts";
import { wanted } from "../keys/stores.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { type Ended, nodes, projectNode, runCommand } from "./command.ts";

const TOKEN = "admin-token-of-the-test";

async function start(): Promise<{
  gateway: TestGateway;
  keys: (...args: readonly string[]) => Promise<Ended>;
  statusOf: (secret: string) => Promise<number>;
}> {
  const keys = { file: { secret: "key-of-the-configuration", tags: ["a", "b"] } };
  const config = { ...twoPaths("http://127.0.0.1:9"), server: { port: 0, adminToken: TOKEN }, keys };
  const gateway = await startGateway(config);
  return {
    gateway,
    keys: (action = "", ...args) =>
      runCommand(projectNode, ["keys", action, ...args, "--url", gateway.url], {
        env: { CROSSOVER_ADMIN_TOKEN: TOKEN },
      }),
    statusOf: async (secret) =>
      (await fetch(`${gateway.url}/v1/models`, { headers: { authorization: `Bearer ${secret}` } })).status,
  };
}

describe.each(nodes)("crossover keys generate on %s", (_name, node) => {
  test("prints a secret and its hash, for people and for programs", async () => {
    const { code, stdout, stderr } = await runCommand(node, ["keys", "generate"]);
    expect([code, stderr]).toEqual([0, ""]);
    const [, secret = "", hash] =
      /^secret {2}(sk-cx-[\w-]{43})\nsha256 {2}([0-9a-f]{64})\n$/.exec(stdout) ?? [];
    expect(hash).toBe(sha256(secret));
    const json = JSON.parse((await runCommand(node, ["keys", "generate", "--json"])).stdout);
    expect(json).toEqual({ secret: expect.stringMatching(/^sk-cx-/), sha256: sha256(json.secret) });
    expect(json.secret).not.toBe(secret);
  });
});

test("a key is created and listed; its secret stands alone on standard output", async () => {
  const { keys, statusOf } = await start();
  const created = await keys(
    "create",
    "team/app",
    ...["--tag", "web", "--tag", "eu", "--route", "bare", "--expires", "2999-01-31", "--force-variant"],
    "--no-capture",
    ...["--limit", "usd_per_day=2.5", "--limit", "requests_per_minute=60"],
  );
  expect(created.code, created.stderr).toBe(0);
  expect(created.stdout).toMatch(/^sk-cx-[\w-]{43}\n$/);
  expect(created.stderr).toBe("The key team/app is created. Its secret is shown only now:\n");
  const first = created.stdout.trim();
  expect(await statusOf(first)).toBe(200);

  const listed = await keys("list");
  expect(listed.code).toBe(0);
  expect(listed.stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
    ["name", "state", "source", "secret", "expires", "routes", "tags", "limits", "rights"],
    expect.anything(),
    ["file", "good", "configuration", "never", "all", "a b"],
    [
      "team/app",
      "good",
      "created",
      `…${first.slice(-4)}`,
      "2999-02-01T00:00:00.000Z",
      "bare",
      "web eu",
      "requests_per_minute=60 usd_per_day=2.5",
      "force-variant no-capture",
    ],
    [""],
  ]);

  const json = JSON.parse((await keys("list", "--json")).stdout);
  expect(json.data).toMatchObject([{ name: "file" }, { name: "team/app", revoked: false }]);
});

test("a key is rotated with an overlap and revoked", async () => {
  const { gateway, keys, statusOf } = await start();
  const { secret: first } = await gateway.gateway.keys.create(wanted("team/app"));
  const rotated = await keys("rotate", "team/app", "--overlap", "600");
  expect([rotated.code, rotated.stderr]).toEqual([0, expect.stringContaining("is good for 600 s")]);
  expect([await statusOf(first), await statusOf(rotated.stdout.trim())]).toEqual([200, 200]);
  const revoked = await keys("revoke", "team/app");
  expect(revoked).toEqual({ code: 0, stdout: "The key team/app is revoked.\n", stderr: "" });
  expect(await statusOf(first)).toBe(401);
});

test.each<[readonly string[], RegExp]>([
  [
    ["create", "file"],
    /^crossover keys: The configuration has a key of this name\. \(409 state_conflict\)\n$/,
  ],
  [["create", "a", "--expires", "31/12"], /`expires_at` is not valid.*\(400 invalid_value\)\n$/],
  [["revoke", "nobody"], /\(404 key_not_found\)\n$/],
  [["rotate", "file"], /\(409 state_conflict\)\n$/],
])("what the gateway refuses ends with 1, in its words: keys %j", async (args, words) => {
  const { keys } = await start();
  const { code, stdout, stderr } = await keys(...args);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(words);
});

test("without the token, and without a gateway, one plain line tells so", async () => {
  const { gateway } = await start();
  const stranger = await runCommand(projectNode, ["keys", "list", "--url", gateway.url]);
  expect([stranger.code, stranger.stderr]).toEqual([1, expect.stringContaining("(401 missing_api_key)")]);
  const nobody = await runCommand(projectNode, ["keys", "list", "--url", "http://127.0.0.1:9"]);
  expect([nobody.code, nobody.stdout]).toEqual([1, ""]);
  expect(nobody.stderr).toMatch(/^crossover keys: no gateway answers at http:\/\/127\.0\.0\.1:9\..*\n$/);
});

test.each([
  [[]],
  [["constructor"]],
  [["create"]],
  [["list", "--tag", "x"]],
  [["rotate", "a", "--overlap", "soon"]],
  [["generate", "--url", "http://127.0.0.1:9"]],
  [["list", "--url", "no address"]],
])("wrong use ends with 2 and asks nobody: keys %j", async (args) => {
  const { code, stdout, stderr } = await runCommand(projectNode, ["keys", ...args]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^crossover keys: .+\n$/);
});
