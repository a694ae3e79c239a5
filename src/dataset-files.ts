import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { DatasetFiles } from "../routes/platform.ts";
import { badRequest, type GatewayError } from "./domain/errors.ts";

/**
 * The files of a data set on this machine.
 * @param path a folder with `train.jsonl`, as `crossover dataset build` writes it, or one .jsonl file; relative to the
 * working directory
 * @throws GatewayError 400 when there is none
 */
export async function datasetAt(path: string): Promise<DatasetFiles> {
  if (path.endsWith(".jsonl") && (await isFile(path)))
    return { training: { kind: "file", path }, validation: undefined };
  const training = join(path, "train.jsonl");
  if (!(await isFile(training))) throw noDataset();
  const validation = join(path, "validation.jsonl");
  return {
    training: { kind: "file", path: training },
    validation: (await isFile(validation)) ? { kind: "file", path: validation } : undefined,
  };
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function noDataset(): GatewayError {
  return badRequest(
    "invalid_value",
    "There is no data set at this path on the gateway's machine: name a folder with train.jsonl, or a .jsonl file.",
    "dataset",
  );
}
