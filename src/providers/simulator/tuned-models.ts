import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { type Classifier, packClassifier, unpackClassifier } from "./classifier.ts";
import type { Shelf } from "./shelf.ts";

/** Most memory that weights may take, in bytes. */
const MAX_BYTES = 128 * 1024 * 1024;
/** How long a model that is not there is not looked for again, in milliseconds. */
const ABSENT_MS = 1000;

/** The models that came out of training, by name; those asked last are in memory. */
export class TunedModels {
  readonly #shelf: () => Promise<Shelf>;
  readonly #loaded = new LRUCache<string, Classifier>({
    maxSize: MAX_BYTES,
    sizeCalculation: ({ weights, bias }) => weights.byteLength + bias.byteLength,
  });
  readonly #absent = new LRUCache<string, true>({ max: 1000, ttl: ABSENT_MS });

  /** @param shelf opens it when it is first needed */
  constructor(shelf: () => Promise<Shelf>) {
    this.#shelf = shelf;
  }

  async keep(name: string, model: Classifier): Promise<void> {
    await (await this.#shelf()).write(fileOf(name), packClassifier(model));
    this.#absent.delete(name);
  }

  /** @returns undefined when none of this name was trained, a promise when that is not known yet */
  find(name: string): Classifier | undefined | Promise<Classifier | undefined> {
    if (!name.startsWith("ft:") || this.#absent.has(name)) return undefined;
    return this.#loaded.get(name) ?? this.#load(name);
  }

  async #load(name: string): Promise<Classifier | undefined> {
    const packed = await (await this.#shelf()).read(fileOf(name));
    if (packed === undefined) {
      this.#absent.set(name, true);
      return undefined;
    }
    const model = unpackClassifier(packed);
    this.#loaded.set(name, model);
    return model;
  }
}

/** Names hold characters that not every file system takes. */
function fileOf(name: string): string {
  return `models/${hash("sha256", name)}.bin`;
}
