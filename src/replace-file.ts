import { randomBytes } from "node:crypto";
import { lstat, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** A draft that is older is of a process that was killed: writing one takes a moment. */
const ABANDONED_MS = 60_000;

/**
 * Puts a file in place whole: whoever reads it, even after a power cut, finds the old one or the new one, and of two that
 * are written at a time one or the other. Its folder is made when it is not there; nobody but the owner can read either.
 */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const folder = dirname(path);
  // A name of its own, as another process may be writing the same file.
  const draft = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await clearDrafts(path);
  try {
    await writeDurably(draft, content);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** Deletes what processes left that were killed while they wrote this file. */
async function clearDrafts(path: string): Promise<void> {
  const folder = dirname(path);
  const start = `${basename(path)}.`;
  for (const name of await readdir(folder)) {
    if (!name.startsWith(start) || !/^([0-9a-f]{12}\.)?tmp$/.test(name.slice(start.length))) continue;
    const draft = join(folder, name);
    try {
      if (Date.now() - (await lstat(draft)).mtimeMs > ABANDONED_MS) await rm(draft, { force: true });
    } catch {
      // Another has deleted it, or it is none of ours. It is in nobody's way.
    }
  }
}

/** Exclusively, as a link that someone put in the file's place would lead elsewhere. */
async function writeDurably(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Without it a power cut could undo the rename. Some systems know no such thing; the file is whole there too. */
async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, "r");
    await folder.sync().finally(() => folder.close());
  } catch {
    // As above.
  }
}
