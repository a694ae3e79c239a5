import { mkdir, open, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";

/** How often a lock that another holds is tried. */
const LOOK_MS = 20;
/** A lock that is older is of a process that was killed: what is done under one takes a moment. */
const ABANDONED_MS = 10_000;

/**
 * Runs `work` while no other process does so with the same path, which is a file that is there meanwhile.
 * @throws Error when the file can't be made, and what `work` throws
 */
export async function underLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  while (!(await taken(path))) {
    if ((await ageOf(path)) > ABANDONED_MS) await rm(path, { force: true });
    else await setTimeout(LOOK_MS);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function taken(path: string): Promise<boolean> {
  try {
    await (await open(path, "wx", 0o600)).close();
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

/** In milliseconds; of one that is gone by now, 0. */
async function ageOf(path: string): Promise<number> {
  try {
    return Date.now() - (await stat(path)).mtimeMs;
  } catch {
    return 0;
  }
}
