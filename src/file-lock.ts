import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";

/** How often a lock that another holds is tried. */
const LOOK_MS = 20;
/** A lock that is older is of a process that was killed: what is done under one takes a moment. */
const ABANDONED_MS = 10_000;

/**
 * Runs `work` while no other process does so with the same path, which is a file that is there meanwhile and holds its
 * owner's token. Work that takes longer than `abandonedMs` may lose it to another.
 * @throws Error when the file can't be made, and what `work` throws
 */
export async function underLock<T>(
  path: string,
  work: () => Promise<T>,
  abandonedMs = ABANDONED_MS,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const token = randomBytes(12).toString("hex");
  let watched: { readonly token: string; readonly since: number } | undefined;
  while (!(await made(path, token))) {
    const holder = await holderOf(path);
    if (holder === undefined) continue;
    if (watched?.token !== holder.token) watched = { token: holder.token, since: performance.now() };
    // A clock that was set back makes a lock of the future: then it is watched for as long.
    const seenMs = performance.now() - watched.since;
    if (Math.max(holder.ageMs, seenMs) > abandonedMs) await breakLock(path, holder.token, abandonedMs);
    else await setTimeout(LOOK_MS);
  }
  try {
    return await work();
  } finally {
    await removeOwn(path, token);
  }
}

async function made(path: string, token: string): Promise<boolean> {
  try {
    await writeFile(path, token, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw error;
  }
}

/** Whose lock this is, and for how long by the clock; undefined when it is gone by now. */
async function holderOf(
  path: string,
): Promise<{ readonly token: string; readonly ageMs: number } | undefined> {
  try {
    const { mtimeMs } = await stat(path);
    return { token: await readFile(path, "utf8"), ageMs: Date.now() - mtimeMs };
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Takes away the lock of a process that was killed. One at a time does so: the next may find another's new one here. */
function breakLock(path: string, token: string, abandonedMs: number): Promise<void> {
  return underLock(`${path}.break`, () => removeOwn(path, token), abandonedMs);
}

/** Removes the lock with this token, and no other: which it was is known for sure once nobody else can reach it. */
async function removeOwn(path: string, token: string): Promise<void> {
  if ((await holderOf(path))?.token !== token) return;
  const aside = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (isCode(error, "ENOENT")) return;
    throw error;
  }
  const taken = await holderOf(aside);
  if (taken !== undefined && taken.token !== token) await made(path, taken.token);
  await rm(aside, { force: true });
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
