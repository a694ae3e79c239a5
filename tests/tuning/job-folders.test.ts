import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { DiskJobFolders } from "../../src/job-folders.ts";

let root: string;
let folders: DiskJobFolders;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "crossover-folders-"));
  folders = new DiskJobFolders(root);
  onTestFinished(() => rmSync(root, { recursive: true }));
});

test("a folder has its files, for the owner alone", async () => {
  expect(await folders.has("tj-1")).toBe(false);
  const given = join(root, "given.jsonl");
  writeFileSync(given, "given", { mode: 0o644 });
  const files = { a: { kind: "text", text: "héllo" }, b: { kind: "file", path: given } } as const;
  await folders.create("tj-1", new Map(Object.entries(files)), false);
  expect(await folders.has("tj-1")).toBe(true);
  expect(await (await folders.open("tj-1", "a")).text()).toBe("héllo");
  await folders.write("tj-1", "c", "written");
  for (const name of ["a", "b", "c"]) expect(statSync(folders.pathOf("tj-1", name)).mode & 0o777).toBe(0o600);
  expect(statSync(folders.pathOf("tj-1", "")).mode & 0o777).toBe(0o700);
  for await (const piece of folders.read(files.b)) expect(Buffer.from(piece).toString()).toBe("given");
  await folders.remove("tj-1");
  expect(await folders.has("tj-1")).toBe(false);
});

test("a copy gets a byte-order mark where one is asked for, and none twice", async () => {
  const given = join(root, "given.jsonl");
  writeFileSync(given, "héllo");
  const files = {
    file: { kind: "file", path: given },
    text: { kind: "text", text: "héllo" },
    marked: { kind: "text", text: "\uFEFFhéllo" },
  } as const;
  await folders.create("tj-1", new Map(Object.entries(files)), true);
  for (const name of Object.keys(files)) {
    const path = folders.pathOf("tj-1", name);
    expect([readFileSync(path, "utf8"), statSync(path).mode & 0o777]).toEqual(["\uFEFFhéllo", 0o600]);
  }
  const lost = { kind: "file", path: join(root, "none") } as const;
  await expect(folders.create("tj-2", new Map([["a", lost]]), true)).rejects.toMatchObject({
    code: "ENOENT",
  });
  expect(readdirSync(join(root, "tuning"))).toEqual(["tj-1"]);
});

test("a folder is there whole or not at all, and none takes another's place", async () => {
  const lost = { kind: "file", path: join(root, "none") } as const;
  await expect(folders.create("tj-1", new Map([["a", lost]]), false)).rejects.toMatchObject({
    code: "ENOENT",
  });
  expect(readdirSync(join(root, "tuning"))).toEqual([]);
  const text = { kind: "text", text: "x" } as const;
  await folders.create("tj-1", new Map([["a", text]]), false);
  await expect(folders.create("tj-1", new Map([["b", text]]), false)).rejects.toThrow();
  expect(readdirSync(folders.pathOf("tj-1", ""))).toEqual(["a"]);
});

test("a file that is not there is told, and no id leads out of the folder", async () => {
  await folders.create("tj-1", new Map(), false);
  await expect(folders.open("tj-1", "none")).rejects.toMatchObject({ code: "ENOENT" });
  for (const id of ["..", "../x", "", "a/b", "x".repeat(65)]) {
    await expect(folders.remove(id)).rejects.toThrow(RangeError);
    expect(() => folders.pathOf(id, "a")).toThrow(RangeError);
  }
  expect(existsSync(root)).toBe(true);
});
