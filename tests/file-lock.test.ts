import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { underLock } from "../src/file-lock.ts";
import { replaceFile } from "../src/replace-file.ts";

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "crossover-lock-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A lock that a process left which was killed. @param mtime in seconds since 1970 */
function leftLock(mtime: number): string {
  const path = join(newFolder(), "file.lock");
  writeFileSync(path, "");
  utimesSync(path, mtime, mtime);
  return path;
}

test("one alone works under a lock, after one that was left too", async () => {
  let working = 0;
  let most = 0;
  const work = async () => {
    working++;
    most = Math.max(most, working);
    await new Promise((resolve) => setTimeout(resolve, 2));
    working--;
  };
  for (let round = 0; round < 40; round++) {
    const path = leftLock(1);
    await Promise.all(Array.from({ length: 8 }, () => underLock(path, work)));
    expect(most).toBe(1);
    expect(readdirSync(join(path, ".."))).toEqual([]);
  }
});

test("a lock of the future is watched for a while, and then taken away", async () => {
  const path = leftLock(Date.now() / 1000 + 1_000_000);
  expect(await underLock(path, async () => "done", 30)).toBe("done");
});

test("what another took meanwhile stays", async () => {
  const path = leftLock(1);
  await underLock(path, async () => writeFileSync(path, "another's"));
  expect(readFileSync(path, "utf8")).toBe("another's");
});

test("a lock goes with its work, done or failed", async () => {
  const path = leftLock(1);
  const failing = underLock(path, async () => {
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(readdirSync(join(path, ".."))).toEqual([]);
});

test("a file that several write at a time is one of theirs whole, and no draft stays", async () => {
  const path = join(newFolder(), "file");
  const texts = Array.from({ length: 20 }, (_, index) => String(index).repeat(10_000));
  await Promise.all(texts.map((text) => replaceFile(path, text)));
  expect(texts).toContain(readFileSync(path, "utf8"));
  expect(readdirSync(join(path, ".."))).toEqual(["file"]);
});

test("drafts of processes that were killed are deleted once they are old, and nothing else is", async () => {
  const folder = newFolder();
  const names = ["file.tmp", "file.0123456789ab.tmp", "file.mine.tmp", "other.0123456789ab.tmp"];
  for (const name of [...names, "file.ba9876543210.tmp"]) writeFileSync(join(folder, name), "");
  for (const name of names) utimesSync(join(folder, name), 1, 1);
  await replaceFile(join(folder, "file"), "text");
  expect(readdirSync(folder).toSorted()).toEqual([
    "file",
    "file.ba9876543210.tmp",
    "file.mine.tmp",
    "other.0123456789ab.tmp",
  ]);
});
