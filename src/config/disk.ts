import { type FSWatcher, readdirSync, readFileSync, statSync, watch } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Files } from "./load.ts";

/** Editors write a file in several steps: wait until it has been quiet for this long. */
const QUIET_MS = 100;

/** Largest file that is read. Parsing a larger one would hold up every request under way. */
const MAX_MIB = 16;

/** The files of a folder, remembering from which folders something was read so that they can be watched. */
export class DiskFiles implements Files {
  readonly #folder: string;
  readonly #folders = new Set<string>();
  readonly #watchers = new Map<string, FSWatcher>();
  #onEvent: (() => void) | undefined;

  constructor(folder: string) {
    this.#folder = resolve(folder);
  }

  read(path: string): string {
    const full = resolve(this.#folder, path);
    this.#remember(dirname(full));
    if (statSync(full).size > MAX_MIB * 1024 * 1024)
      throw new RangeError(`the file is larger than ${MAX_MIB} MiB`);
    const text = readFileSync(full, "utf8");
    // A writer may have emptied the file and not filled it yet: never take that for its content.
    if (text.trim() === "") throw new RangeError("the file is empty");
    return text;
  }

  list(folder: string): readonly string[] {
    const full = resolve(this.#folder, folder);
    this.#remember(full);
    return readdirSync(full).sort();
  }

  /**
   * Calls `onChange` after a change in a folder from which something was read, be it before or later.
   * Folders are watched, not files, as editors and mounted configurations put new files in place of old ones.
   * @returns stops watching
   */
  watch(onChange: () => void): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    this.#onEvent = () => {
      clearTimeout(timer);
      timer = setTimeout(onChange, QUIET_MS);
    };
    for (const folder of this.#folders) this.#watchFolder(folder, this.#onEvent);
    return () => {
      clearTimeout(timer);
      this.#onEvent = undefined;
      for (const watcher of this.#watchers.values()) watcher.close();
      this.#watchers.clear();
    };
  }

  #remember(folder: string): void {
    this.#folders.add(folder);
    if (this.#onEvent !== undefined) this.#watchFolder(folder, this.#onEvent);
  }

  #watchFolder(folder: string, onEvent: () => void): void {
    if (this.#watchers.has(folder)) return;
    try {
      const watcher = watch(folder, { persistent: false }, onEvent);
      watcher.on("error", () => {
        watcher.close();
        this.#watchers.delete(folder);
      });
      this.#watchers.set(folder, watcher);
    } catch {
      // There is no such folder: reading from it tells.
    }
  }
}
