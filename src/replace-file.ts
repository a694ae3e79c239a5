import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Puts a file in place whole: whoever reads it, even after a power cut, finds the old one or the new one. Its folder
 * is made when it is not there; nobody but the owner can read either.
 */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const folder = dirname(path);
  const draft = `${path}.tmp`;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await rm(draft, { force: true }); // of a process that was killed while it wrote
  await writeDurably(draft, content);
  await rename(draft, path);
  await syncFolder(folder);
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
