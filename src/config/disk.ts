import { readdirSync, readFileSync, watch } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Files } from "./load.ts";

/** Editors write a file in several steps: wait until it has been quiet for this long. */
const QUIET_MS = 100;

/** The files of a folder, remembering which were read so that they can be watched. */
export class DiskFiles implements Files {
  readonly #folder: string;
  readonly #read = new Set<string>();

  constructor(folder: string) {
    this.#folder = resolve(folder);
  }

  read(path: string): string {
    const full = resolve(this.#folder, path);
    this.#read.add(full);
    return readFileSync(full, "utf8");
  }

  list(folder: string): readonly string[] {
    const full = resolve(this.#folder, folder);
    this.#read.add(`${full}/.`);
    return readdirSync(full).sort();
  }

  /**
   * Calls `onChange` after a change in a folder from which something was read. Folders are watched, not
   * files, as editors and mounted configurations put new files in place of old ones.
   * @returns stops watching
   */
  watch(onChange: () => void): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const folders = new Set([...this.#read].map((file) => dirname(file)));
    const watchers = [...folders].map((folder) =>
      watch(folder, { persistent: false }, () => {
        clearTimeout(timer);
        timer = setTimeout(onChange, QUIET_MS);
      }),
    );
    return () => {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
    };
  }
}
