import { createReadStream, createWriteStream, openAsBlob } from "node:fs";
import { chmod, copyFile, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { marked, unmarked } from "./datasets/byte-order-mark.ts";
import { replaceFile } from "./replace-file.ts";
import type { DataSource, JobFolder, JobFolders } from "./tuning/job-folders.ts";

/** As jobs are named, and their folders before they are whole. */
const NAME = /^tj-[\da-f]{12}(\.tmp)?$/;

/** Folders of jobs on this machine, which nobody but the owner can read. */
export class DiskJobFolders implements JobFolders {
  readonly #root: string;

  /** @param dataDir the gateway's data folder, relative to the working directory */
  constructor(dataDir: string) {
    this.#root = join(dataDir, "tuning");
  }

  async list(): Promise<readonly JobFolder[]> {
    const names = await readdir(this.#root).catch(() => []);
    // A file that somebody put there is none of ours.
    const ours = names.filter((name) => NAME.test(name));
    const found = await Promise.all(ours.map((name) => this.#look(name)));
    return found.flatMap((folder) => folder ?? []);
  }

  async #look(name: string): Promise<JobFolder | undefined> {
    const path = join(this.#root, name);
    try {
      const { mtimeMs: at } = await stat(path);
      const files = await readdir(path);
      return { id: name, at, hasResults: files.some((file) => file.startsWith("evaluation.")) };
    } catch {
      return undefined; // gone meanwhile, or no folder
    }
  }

  async has(id: string): Promise<boolean> {
    try {
      return (await stat(this.#folder(id))).isDirectory();
    } catch {
      return false;
    }
  }

  async create(id: string, files: ReadonlyMap<string, DataSource>, mark: boolean): Promise<void> {
    const folder = this.#folder(id);
    const draft = `${folder}.tmp`;
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true, mode: 0o700 });
    try {
      for (const [name, source] of files)
        await (mark ? this.#putMarked(join(draft, name), source) : put(join(draft, name), source));
      await rename(draft, folder);
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      throw error;
    }
  }

  async #putMarked(path: string, source: DataSource): Promise<void> {
    const { content } = await unmarked(this.read(source));
    // Bun's writeFile writes short pieces twice.
    await pipeline(marked(content), createWriteStream(path, { flags: NEW.flag, mode: NEW.mode }));
  }

  async remove(id: string): Promise<void> {
    await rm(this.#folder(id), { recursive: true, force: true });
  }

  read(source: DataSource): AsyncIterable<Uint8Array> {
    return source.kind === "file" ? createReadStream(source.path) : Readable.from([Buffer.from(source.text)]);
  }

  async open(id: string, name: string): Promise<Blob> {
    const path = this.pathOf(id, name);
    await stat(path); // Bun makes an empty one of a file that is not there
    return openAsBlob(path);
  }

  async write(id: string, name: string, text: string): Promise<void> {
    await replaceFile(this.pathOf(id, name), text);
  }

  pathOf(id: string, name: string): string {
    return join(this.#folder(id), name);
  }

  #folder(id: string): string {
    // An id comes from a store, which others may write to.
    if (!/^[\w-]{1,64}(\.tmp)?$/.test(id))
      throw new RangeError(`no folder can be named ${JSON.stringify(id)}`);
    return join(this.#root, id);
  }
}

/** For the owner alone. */
const NEW = { flag: "wx", mode: 0o600 } as const;

async function put(path: string, source: DataSource): Promise<void> {
  if (source.kind === "text") return writeFile(path, source.text, NEW);
  await copyFile(source.path, path);
  await chmod(path, 0o600);
}
