/** Where the simulator keeps files, jobs and weights: bytes under names such as `jobs/abc.json`. */
export interface Shelf {
  /** @returns undefined when there is nothing of this name */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Puts it in place whole. */
  write(name: string, content: string | Uint8Array): Promise<void>;
  /** @returns false when it is there already, and nothing is changed */
  create(name: string, content: string): Promise<boolean>;
  append(name: string, text: string): Promise<void>;
  /** One that is gone is well. */
  remove(name: string): Promise<void>;
  /** The names in a folder, without it. */
  list(folder: string): Promise<readonly string[]>;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

export async function readText(shelf: Shelf, name: string): Promise<string | undefined> {
  const bytes = await shelf.read(name);
  return bytes === undefined ? undefined : decoder.decode(bytes);
}

/** Lasts as long as the process: for platforms without a disk. */
export class MemoryShelf implements Shelf {
  readonly #contents = new Map<string, Uint8Array>();

  async read(name: string): Promise<Uint8Array | undefined> {
    return this.#contents.get(name);
  }

  async write(name: string, content: string | Uint8Array): Promise<void> {
    this.#contents.set(name, typeof content === "string" ? encoder.encode(content) : content);
  }

  async create(name: string, content: string): Promise<boolean> {
    if (this.#contents.has(name)) return false;
    await this.write(name, content);
    return true;
  }

  async append(name: string, text: string): Promise<void> {
    await this.write(name, ((await readText(this, name)) ?? "") + text);
  }

  async remove(name: string): Promise<void> {
    this.#contents.delete(name);
  }

  async list(folder: string): Promise<readonly string[]> {
    return [...this.#contents.keys()]
      .filter((name) => name.startsWith(`${folder}/`))
      .map((name) => name.slice(folder.length + 1));
  }
}
