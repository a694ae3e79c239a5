import { type DatasetPaths, datasetPaths } from "../dataset-files.ts";
import { UsageError } from "./error-text.ts";

/** The files of a data set, with another one to measure with where one is given. @throws UsageError for a folder that is none */
export async function datasetIn(place: string, validation: string | undefined): Promise<DatasetPaths> {
  const paths = await datasetPaths(place);
  if (paths === undefined) throw new UsageError(`${place} is a folder without a train.jsonl: give a file`);
  if (validation === undefined) return paths;
  const other = await datasetPaths(validation);
  if (other?.training !== validation)
    throw new UsageError(`${validation} is a folder: give the file to check`);
  return { ...paths, validation };
}
