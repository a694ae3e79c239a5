import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DatasetError, type DraftFolder, writeFolder } from "../../src/cli/dataset-folder.ts";
import { temporaryFiles } from "./command.ts";

/** A folder in which a set may be written, and what is in it. */
function place(): { readonly path: (name: string) => string; readonly names: () => readonly string[] } {
  const folder = join(temporaryFiles({ "other.txt": "" })("other.txt"), "..");
  return { path: (name) => join(folder, name), names: () => readdirSync(folder).sort() };
}

const card =
  (text: string) =>
  ({ writeText }: DraftFolder): Promise<void> =>
    writeText("card.json", text);
const OPTIONS = { start: "", mostBytes: undefined };

test("a set is put in its place when it is whole, for its owner alone", async () => {
  const { path, names } = place();
  await writeFolder(path("a/set"), false, async (draft) => {
    const file = await draft.writeLines("train.jsonl", ["é", "b"], { start: "\uFEFF", mostBytes: 8 });
    expect(names()).not.toContain("set");
    expect(file).toEqual({
      name: "train.jsonl",
      rows: 2,
      bytes: 8,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    await card("{}")(draft);
  });
  expect(readFileSync(path("a/set/train.jsonl"), "utf8")).toBe("\uFEFFé\nb\n");
  expect(readdirSync(path("a"))).toEqual(["set"]);
  expect(statSync(path("a/set")).mode & 0o077).toBe(0);
  expect(statSync(path("a/set/train.jsonl")).mode & 0o077).toBe(0);
});

test("a set is replaced only when that is asked for, and whole", async () => {
  const { path, names } = place();
  await writeFolder(path("set"), false, card("1"));
  writeFileSync(path("set/old.txt"), "");
  await expect(writeFolder(path("set"), false, card("2"))).rejects.toThrow("give --force to replace it");
  expect(readFileSync(path("set/card.json"), "utf8")).toBe("1");
  await writeFolder(path("set"), true, card("2"));
  expect(readdirSync(path("set"))).toEqual(["card.json"]);
  expect(readFileSync(path("set/card.json"), "utf8")).toBe("2");
  expect(names()).toEqual(["other.txt", "set"]);
});

test("what is no set is never replaced; an empty folder may be filled", async () => {
  const { path } = place();
  mkdirSync(path("mine"));
  await writeFolder(path("mine"), false, card("{}"));
  mkdirSync(path("thesis"));
  writeFileSync(path("thesis/thesis.txt"), "x");
  await expect(writeFolder(path("thesis"), true, card("{}"))).rejects.toThrow("is no data set");
  await expect(writeFolder(path("other.txt"), true, card("{}"))).rejects.toThrow("is no folder");
  expect(readdirSync(path("thesis"))).toEqual(["thesis.txt"]);
});

test("what fails leaves everything as it was, such as a file that would be too large", async () => {
  const { path, names } = place();
  await writeFolder(path("set"), false, card("1"));
  const tooLarge = writeFolder(path("set"), true, async (draft) => {
    await draft.writeLines("train.jsonl", ["12345"], { ...OPTIONS, mostBytes: 5 });
  });
  await expect(tooLarge).rejects.toThrow(DatasetError);
  await expect(tooLarge).rejects.toThrow("train.jsonl would be larger than 5 bytes");
  expect(readFileSync(path("set/card.json"), "utf8")).toBe("1");
  expect(names()).toEqual(["other.txt", "set"]);
});
