import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { messageOf } from "../domain/errors.ts";
import { replaceFile } from "../replace-file.ts";
import { formatKeys, type KeyStore, parseKeys, type StoredKey, StoreError } from "./store.ts";

const FILE = "keys.json";

/** The created keys in a file of a data folder, which is made when it is first needed. */
export class DiskKeyStore implements KeyStore {
  readonly #file: string;

  constructor(folder: string) {
    this.#file = join(resolve(folder), FILE);
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
      await replaceFile(this.#file, formatKeys(keys));
    } catch (error) {
      throw new StoreError(`${this.#file} can't be written: ${messageOf(error)}`);
    }
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
