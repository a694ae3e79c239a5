import { readFileSync } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { formatKeys, type KeyStore, parseKeys, type StoredKey, StoreError } from "./store.ts";

const FILE = "keys.json";

/** The created keys in a file of a data folder, which is made when it is first needed. */
export class DiskKeyStore implements KeyStore {
  readonly #folder: string;
  readonly #file: string;

  constructor(folder: string) {
    this.#folder = resolve(folder);
    this.#file = join(this.#folder, FILE);
  }

  load(): readonly StoredKey[] {
    try {
      return parseKeys(readFileSync(this.#file, "utf8"));
    } catch (error) {
      if (codeOf(error) === "ENOENT") return [];
      throw new StoreError(
        `${this.#file} can't be used: ${messageOf(error)}. Mend it or restore a backup; without the file all created keys are gone`,
      );
    }
  }

  async save(keys: readonly StoredKey[]): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      const temporary = `${this.#file}.tmp`;
      await rm(temporary, { force: true }); // of a process that was killed while it wrote
      await writeDurably(temporary, formatKeys(keys));
      await rename(temporary, this.#file);
      await syncFolder(this.#folder);
    } catch (error) {
      throw new StoreError(`${this.#file} can't be written: ${messageOf(error)}`);
    }
  }
}

/** Exclusively, as a link that someone put in the file's place would lead elsewhere. */
async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
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

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
