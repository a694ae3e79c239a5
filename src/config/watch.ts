import { type FSWatcher, type Stats, statSync, unwatchFile, watch, watchFile } from "node:fs";

/** Editors write a file in several steps: wait until it has been quiet for this long, */
const QUIET_MS = 100;
/** but no longer than this, for a folder that is never quiet. */
const PATIENCE_MS = 1000;
/** How often a folder that was removed is looked for, and a file that comes and goes. */
const LOOK_MS = 500;

/** Which entries of a folder matter. */
type Matters = (name: string) => boolean;

/**
 * Watches folders for changes of the entries that matter, and goes on when a folder is removed and made
 * anew. Folders, not files, as editors and mounted configurations put new files in place of old ones.
 */
export class FolderWatch {
  readonly #onChange: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #files = new Set<string>();
  readonly #lookouts = new Map<string, NodeJS.Timeout>();
  #timer: NodeJS.Timeout | undefined;
  #firstEventAt = 0;
  #closed = false;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Does nothing for a folder that is watched already. One that can't be watched now is looked for. */
  add(folder: string, matters: Matters): void {
    if (this.#closed || this.#watchers.has(folder) || this.#lookouts.has(folder)) return;
    if (!this.#watch(folder, matters)) this.#lookOut(folder, matters);
  }

  /**
   * For a file that may not be there, nor its folder. It is looked at from time to time, as its folder may be one in
   * which something is written all the time.
   */
  addFile(path: string): void {
    if (this.#closed || this.#files.has(path)) return;
    this.#files.add(path);
    watchFile(path, { interval: LOOK_MS, persistent: false }, this.#looked);
  }

  /** Called once too for a file that is not there. */
  readonly #looked = (now: Stats, before: Stats): void => {
    if (now.mtimeMs !== before.mtimeMs || now.ino !== before.ino || now.size !== before.size) this.#changed();
  };

  close(): void {
    this.#closed = true;
    for (const path of this.#files) unwatchFile(path, this.#looked);
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    for (const lookout of this.#lookouts.values()) clearInterval(lookout);
  }

  #watch(folder: string, matters: Matters): boolean {
    const identity = identityOf(folder);
    if (identity === undefined) return false;
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (identityOf(folder) !== identity) this.#lost(folder, matters);
        else if (name === null || matters(name)) this.#changed();
      });
      watcher.on("error", () => this.#lost(folder, matters));
      this.#watchers.set(folder, watcher);
      return true;
    } catch {
      // No right to read the folder, or no watch left: reading its files may work all the same.
      return false;
    }
  }

  #changed(): void {
    const now = performance.now();
    if (this.#timer === undefined) this.#firstEventAt = now;
    else clearTimeout(this.#timer);
    const patience = this.#firstEventAt + PATIENCE_MS - now;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#onChange();
      },
      Math.max(0, Math.min(QUIET_MS, patience)),
    );
  }

  /** The folder is gone, or another one stands in its place. */
  #lost(folder: string, matters: Matters): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
    this.#changed();
    this.add(folder, matters);
  }

  #lookOut(folder: string, matters: Matters): void {
    const lookout = setInterval(() => {
      if (!this.#watch(folder, matters)) return;
      clearInterval(lookout);
      this.#lookouts.delete(folder);
      this.#changed();
    }, LOOK_MS);
    lookout.unref();
    this.#lookouts.set(folder, lookout);
  }
}

/** What tells a folder from another that stands in its place; undefined when there is none to be seen. */
function identityOf(folder: string): string | undefined {
  try {
    const { ino, birthtimeMs } = statSync(folder);
    return `${ino} ${birthtimeMs}`;
  } catch {
    return undefined;
  }
}
