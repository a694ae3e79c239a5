import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { datasetAt } from "../src/dataset-files.ts";

function folderWith(...names: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "crossover-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of names) writeFileSync(join(folder, name), "{}\n");
  return folder;
}

const file = (path: string) => ({ kind: "file", path });

test("a folder has a training file, and perhaps one to validate with", async () => {
  const both = folderWith("train.jsonl", "validation.jsonl", "card.json");
  expect(await datasetAt(both)).toEqual({
    training: file(join(both, "train.jsonl")),
    validation: file(join(both, "validation.jsonl")),
  });
  const one = folderWith("train.jsonl");
  expect(await datasetAt(one)).toEqual({
    training: file(join(one, "train.jsonl")),
    validation: undefined,
  });
});

test("a .jsonl file stands for itself", async () => {
  const path = join(folderWith("rows.jsonl", "validation.jsonl"), "rows.jsonl");
  expect(await datasetAt(path)).toEqual({ training: file(path), validation: undefined });
});

test("what is no data set is refused, and nothing of the machine is told", async () => {
  const folder = folderWith("notes.txt");
  mkdirSync(join(folder, "folder.jsonl"));
  for (const path of ["", "/etc/passwd", join(folder, "notes.txt"), join(folder, "folder.jsonl"), "a\0b"]) {
    const refusal = datasetAt(path);
    await expect(refusal).rejects.toMatchObject({ status: 400, code: "invalid_value", param: "dataset" });
    await expect(refusal).rejects.not.toThrow(folder);
  }
});
