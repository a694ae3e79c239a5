import { realpath, stat } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import type { DatasetFiles } from "../routes/platform.ts";
import { badRequest, type GatewayError } from "./domain/errors.ts";

/** Where the parts of a data set are. */
export interface DatasetPaths {
  readonly training: string;
  readonly validation: string | undefined;
}

/**
 * The files of a data set.
 * @param path a folder with `train.jsonl`, as `crossover dataset build` writes it, or a file, which need not be there
 * @returns undefined for a folder without `train.jsonl`
 */
export async function datasetPaths(path: string): Promise<DatasetPaths | undefined> {
  if (!(await isFolder(path))) return { training: path, validation: undefined };
  const training = join(path, "train.jsonl");
  if (!(await isFile(training))) return undefined;
  const validation = join(path, "validation.jsonl");
  return { training, validation: (await isFile(validation)) ? validation : undefined };
}

/**
 * A data set on this machine, for somebody elsewhere.
 * @param path a folder with `train.jsonl`, or one .jsonl file; relative to the working directory
 * @param folders where it has to be, links followed; undefined: anywhere
 * @throws GatewayError 400 when there is none
 */
export async function datasetAt(path: string, folders: readonly string[] | undefined): Promise<DatasetFiles> {
  const paths = await datasetPaths(path);
  const found = paths && (await reachable(paths, folders));
  if (found === undefined) throw noDataset(folders !== undefined);
  return {
    training: { kind: "file", path: found.training },
    validation: found.validation === undefined ? undefined : { kind: "file", path: found.validation },
  };
}

async function reachable(
  { training, validation }: DatasetPaths,
  folders: readonly string[] | undefined,
): Promise<DatasetPaths | undefined> {
  if (!training.endsWith(".jsonl") || !(await isFile(training))) return undefined;
  if (folders === undefined) return { training, validation };
  const allowed = await Promise.all(folders.map((folder) => realpath(folder).catch(() => resolve(folder))));
  const real = await Promise.all(
    (validation === undefined ? [training] : [training, validation]).map((file) => realpath(file)),
  );
  if (!real.every((file) => allowed.some((folder) => isBelow(file, folder)))) return undefined;
  // As links were followed: one that is changed meanwhile leads nowhere else.
  return { training: real[0] ?? training, validation: real[1] };
}

function isBelow(file: string, folder: string): boolean {
  const way = relative(folder, file);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && resolve(folder, way) === file;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

function noDataset(isRestricted: boolean): GatewayError {
  const where = isRestricted ? ", below one of the folders of `tuning.datasets`" : "";
  return badRequest(
    "invalid_value",
    `There is no data set at this path on the gateway's machine: name a folder with train.jsonl, or a .jsonl file${where}.`,
    "dataset",
  );
}
