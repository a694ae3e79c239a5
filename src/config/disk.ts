import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import type { Files } from "./load.ts";
import { FolderWatch } from "./watch.ts";

/** Largest file that is read. Parsing a larger one would hold up every request under way. */
const MAX_MIB = 16;

/** What was read from a folder: files by name, or the list of all. */
interface Used {
  readonly names: Set<string>;
  listed: boolean;
}

/** The files of a folder, remembering what was read so that it can be watched. */
export class DiskFiles implements Files {
  readonly #folder: string;
  readonly #used = new Map<string, Used>();
  readonly #passing = new Set<string>();
  #watch: FolderWatch | undefined;

  constructor(folder: string) {
    this.#folder = resolve(folder);
  }

  read(path: string): string {
    const full = resolve(this.#folder, path);
    this.#usedOf(dirname(full)).names.add(basename(full));
    const text = textOf(full);
    // A writer may have emptied the file and not filled it yet: never take that for its content.
    if (text.trim() === "") throw new RangeError("the file is empty");
    return text;
  }

  /**
   * A file that comes and goes, empty or not; undefined when there is none.
   * @param path relative to the working directory
   */
  readPassing(path: string): string | undefined {
    const full = resolve(path);
    this.#passing.add(full);
    this.#watch?.addFile(full);
    return existsSync(full) ? textOf(full) : undefined;
  }

  list(folder: string): readonly string[] {
    const full = resolve(this.#folder, folder);
    this.#usedOf(full).listed = true;
    return readdirSync(full).sort();
  }

  /**
   * Calls `onChange` after a change of a file that was read, be it before or later, or of a YAML file in a
   * folder that was listed.
   * @returns stops watching
   */
  watch(onChange: () => void): () => void {
    const watch = new FolderWatch(onChange);
    this.#watch = watch;
    for (const [folder, used] of this.#used) watch.add(folder, (name) => matters(name, used));
    for (const file of this.#passing) watch.addFile(file);
    return () => {
      this.#watch = undefined;
      watch.close();
    };
  }

  #usedOf(folder: string): Used {
    const used = this.#used.get(folder) ?? { names: new Set(), listed: false };
    this.#used.set(folder, used);
    this.#watch?.add(folder, (name) => matters(name, used));
    return used;
  }
}

/** @throws RangeError when it is too large, Error when it can't be read */
function textOf(path: string): string {
  if (statSync(path).size > MAX_MIB * 1024 * 1024)
    throw new RangeError(`the file is larger than ${MAX_MIB} MiB`);
  return readFileSync(path, "utf8");
}

/** A mounted configuration is changed by a link that is put in place of another, such as Kubernetes' `..data`. */
function matters(name: string, { names, listed }: Used): boolean {
  return names.has(name) || name.startsWith("..") || (listed && /\.ya?ml$/.test(name));
}
