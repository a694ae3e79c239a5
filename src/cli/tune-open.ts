import type { Table } from "../domain/table.ts";
import type { JobFolders } from "../tuning/job-folders.ts";
import type { Tuning } from "../tuning/tuning.ts";

/** What the commands work with, opened for one of them. */
export interface OpenedTuning {
  readonly tuning: Tuning;
  readonly providers: Table["providers"];
  readonly folders: Pick<JobFolders, "has" | "pathOf">;
  close(): Promise<void>;
}

/** @param args of the command, for its --config */
export type OpenTuning = (args: readonly string[]) => Promise<OpenedTuning>;

/** Opens it, and closes it whatever comes. @returns what the work does */
export async function withTuning<T>(
  open: OpenTuning,
  args: readonly string[],
  work: (opened: OpenedTuning) => Promise<T>,
): Promise<T> {
  const opened = await open(args);
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

export const openTuning: OpenTuning = () => {
  throw new Error("not yet");
};
