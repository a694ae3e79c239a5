import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "./error-text.ts";

/** The files of a data set: a folder that `dataset build` wrote, or a file and the one to measure with. */
export interface DatasetFiles {
  readonly file: string;
  readonly second: string | undefined;
}

/** @throws UsageError for a folder that is no data set */
export function filesOf(place: string, validation: string | undefined): DatasetFiles {
  if (validation !== undefined && isFolder(validation))
    throw new UsageError(`${validation} is a folder: give the file to check`);
  if (!isFolder(place)) return { file: place, second: validation };
  const file = join(place, "train.jsonl");
  if (!existsSync(file)) throw new UsageError(`${place} is a folder without a train.jsonl: give a file`);
  const own = join(place, "validation.jsonl");
  return { file, second: validation ?? (existsSync(own) ? own : undefined) };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
