import { spawn } from "node:child_process";
import {
  chmodSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { DiskKeyStore } from "../../src/keys/disk-store.ts";
import { KeyRing } from "../../src/keys/key-ring.ts";
import { projectNode } from "../cli/command.ts";
import { until } from "../support/gateway.ts";
import { wanted } from "./stores.ts";

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "crossover-keys-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("the folder is made with the first key, for its user alone, and nothing but the file stays there", async () => {
  const folder = join(newFolder(), "a", "b");
  const ring = new KeyRing({ store: new DiskKeyStore(folder) });
  expect(() => statSync(folder)).toThrow();
  await ring.create(wanted("app"));
  await ring.create(wanted("other", { routes: ["r"], tags: ["t"], admin: true, expiresAt: 4e12 }));
  expect(readdirSync(folder)).toEqual(["keys.json"]);
  expect((statSync(folder).mode & 0o777).toString(8)).toBe("700");
  expect((statSync(join(folder, "keys.json")).mode & 0o777).toString(8)).toBe("600");
});

test("a restart finds the keys as they were", async () => {
  const folder = newFolder();
  const ring = new KeyRing({ store: new DiskKeyStore(folder) });
  const { secret } = await ring.create(wanted("app", { routes: ["r"], tags: ["t"], forceVariant: true }));
  await ring.rotate("app", 60_000);
  await ring.create(wanted("gone", { admin: true, expiresAt: 4e12 }));
  await ring.revoke("gone");
  const again = new KeyRing({ store: new DiskKeyStore(folder) });
  expect(again.list()).toEqual(ring.list());
  expect(again.holder(`Bearer ${secret}`)).toEqual(ring.holder(`Bearer ${secret}`));
});

const GOOD = {
  name: "app",
  proofs: [{ hash: "0".repeat(64), until: null }],
  hint: "abcd",
  tags: [],
  routes: null,
  forceVariant: false,
  admin: false,
  limits: null,
  createdAt: 1,
  expiresAt: null,
  revokedAt: null,
};
const file = (...keys: readonly unknown[]): string => JSON.stringify({ version: 1, keys });

test("the file that is broken below is good unbroken", () => {
  const folder = newFolder();
  writeFileSync(join(folder, "keys.json"), file(GOOD));
  expect(new DiskKeyStore(folder).load()).toHaveLength(1);
});

test("a key of a version that knew no captures is captured", async () => {
  const folder = newFolder();
  writeFileSync(join(folder, "keys.json"), file(GOOD, { ...GOOD, name: "quiet", capture: false }));
  expect(new DiskKeyStore(folder).load().map(({ capture }) => capture)).toEqual([true, false]);
});

test.each([
  ["empty", ""],
  ["cut short", file(GOOD).slice(0, 80)],
  ["of another version", JSON.stringify({ version: 2, keys: [] })],
  ["a list", "[]"],
  ["with a member that is not known", file({ ...GOOD, limits: {} })],
  ["with a bad hash", file({ ...GOOD, proofs: [{ hash: "x", until: null }] })],
  ["with a bad name", file({ ...GOOD, name: "../etc" })],
  ["with a bad time", file({ ...GOOD, expiresAt: "2027-01-01" })],
  ["with a name twice", file(GOOD, GOOD)],
])("a file that is %s is refused by its name", (_what, text) => {
  const folder = newFolder();
  writeFileSync(join(folder, "keys.json"), text);
  expect(() => new KeyRing({ store: new DiskKeyStore(folder) })).toThrow(
    `${join(folder, "keys.json")} can't be used: `,
  );
});

test("a folder that is a file takes no keys, and says so", async () => {
  const path = join(newFolder(), "data");
  const ring = new KeyRing({ store: new DiskKeyStore(path) });
  writeFileSync(path, "");
  await expect(ring.create(wanted("app"))).rejects.toThrow(/keys\.json can't be written: /);
  expect(ring.list()).toEqual([]);
});

test("a link in a temporary file's place is not followed, and goes once it is old", async () => {
  const folder = newFolder();
  const data = join(folder, "data");
  mkdirSync(data);
  chmodSync(data, 0o755);
  const victim = join(folder, "victim");
  writeFileSync(victim, "mine");
  symlinkSync(victim, join(data, "keys.json.tmp"));
  lutimesSync(join(data, "keys.json.tmp"), 1, 1);
  await new KeyRing({ store: new DiskKeyStore(data) }).create(wanted("app"));
  expect(readFileSync(victim, "utf8")).toBe("mine");
  expect(readdirSync(data)).toEqual(["keys.json"]);
});

/** Is a file of keys on its way, or cut short for the moment? */
function isBeingWritten(folder: string): boolean {
  if (readdirSync(folder).some((name) => name.endsWith(".tmp"))) return true;
  const text = readFileSync(join(folder, "keys.json"), "utf8");
  return !text.endsWith("}\n");
}

/** Creates keys without end and prints the secret of each once it is created. */
const CREATES = `
const { DiskKeyStore } = await import(${urlOf("../../src/keys/disk-store.ts")});
const { KeyRing } = await import(${urlOf("../../src/keys/key-ring.ts")});
const { wanted } = await import(${urlOf("stores.ts")});
const ring = new KeyRing({ store: new DiskKeyStore(process.argv[1]) });
for (let i = ring.list().length; ; i++) {
  const { secret } = await ring.create(wanted("k" + i, { tags: ["x".repeat(50_000)] }));
  process.stdout.write(secret + "\\n");
}
`;

test("kill -9 while keys are created loses none that was told, and never spoils the file", async () => {
  const folder = newFolder();
  const told: string[] = [];
  for (let round = 0; round < 6; round++) {
    const child = spawn(projectNode, ["--input-type=module", "-e", CREATES, folder]);
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    await until(() => text.split("\n").length > 5 + round || child.exitCode !== null, 30_000);
    await until(() => isBeingWritten(folder) || child.exitCode !== null, 30_000);
    child.kill("SIGKILL");
    await ended;
    told.push(...text.split("\n").slice(0, -1));
    const ring = new KeyRing({ store: new DiskKeyStore(folder) });
    expect(told.filter((secret) => ring.holder(`Bearer ${secret}`) === undefined)).toEqual([]);
    // At most the one under way is there untold, in each round.
    expect(ring.list().length - told.length).toBeLessThanOrEqual(round + 1);
  }
  expect(told.length).toBeGreaterThan(30);
}, 90_000);

function urlOf(path: string): string {
  return JSON.stringify(pathToFileURL(join(import.meta.dirname, path)).href);
}
