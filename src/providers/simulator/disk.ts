import { appendFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { replaceFile } from "../../replace-file.ts";
import type { Shelf } from "./shelf.ts";

/** Files in a folder that several processes may share. Nobody but the owner can read them. */
export class DiskShelf implements Shelf {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = resolve(folder);
  }

  read(name: string): Promise<Uint8Array | undefined> {
    return unlessMissing(readFile(join(this.#folder, name)));
  }

  write(name: string, content: string | Uint8Array): Promise<void> {
    return replaceFile(join(this.#folder, name), content);
  }

  async create(name: string, content: string): Promise<boolean> {
    const path = join(this.#folder, name);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    try {
      await writeFile(path, content, { flag: "wx", mode: 0o600 });
      return true;
    } catch (error) {
      if (codeOf(error) === "EEXIST") return false;
      throw error;
    }
  }

  async append(name: string, text: string): Promise<void> {
    await appendFile(join(this.#folder, name), text, { mode: 0o600 });
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#folder, name), { force: true });
  }

  async list(folder: string): Promise<readonly string[]> {
    return (await unlessMissing(readdir(join(this.#folder, folder)))) ?? [];
  }
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
