import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
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
  expect(await datasetAt(both, undefined)).toEqual({
    training: file(join(both, "train.jsonl")),
    validation: file(join(both, "validation.jsonl")),
  });
  const one = folderWith("train.jsonl");
  expect(await datasetAt(one, undefined)).toEqual({
    training: file(join(one, "train.jsonl")),
    validation: undefined,
  });
});

test("a .jsonl file stands for itself", async () => {
  const path = join(folderWith("rows.jsonl", "validation.jsonl"), "rows.jsonl");
  expect(await datasetAt(path, undefined)).toEqual({ training: file(path), validation: undefined });
});

test("what is no data set is refused, and nothing of the machine is told", async () => {
  const folder = folderWith("notes.txt");
  mkdirSync(join(folder, "folder.jsonl"));
  for (const path of ["", "/etc/passwd", join(folder, "notes.txt"), join(folder, "folder.jsonl"), "a\0b"]) {
    const refusal = datasetAt(path, undefined);
    await expect(refusal).rejects.toMatchObject({ status: 400, code: "invalid_value", param: "dataset" });
    await expect(refusal).rejects.not.toThrow(folder);
  }
});

test("with folders only what is really below them is taken", async () => {
  const sets = realpathSync(folderWith("train.jsonl", "validation.jsonl"));
  const elsewhere = folderWith("train.jsonl", "secret.jsonl");
  mkdirSync(join(sets, "half"));
  writeFileSync(join(sets, "half", "train.jsonl"), "{}\n");
  symlinkSync(join(elsewhere, "secret.jsonl"), join(sets, "half", "validation.jsonl"));
  symlinkSync(elsewhere, join(sets, "linked"));
  const within = [join(sets, "none"), sets];
  expect((await datasetAt(sets, within)).training).toEqual(file(join(sets, "train.jsonl")));
  expect((await datasetAt(join(sets, "half", "train.jsonl"), within)).validation).toBeUndefined();
  for (const path of [
    elsewhere,
    join(elsewhere, "secret.jsonl"),
    join(sets, "linked"),
    join(sets, "half"),
    join(sets, "..", elsewhere, "train.jsonl"),
    `${sets}-other`,
  ])
    await expect(datasetAt(path, within)).rejects.toMatchObject({ status: 400, param: "dataset" });
  await expect(datasetAt(sets, [])).rejects.toThrow("below one of the folders of `tuning.datasets`");
});
