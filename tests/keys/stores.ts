import type { NewKey } from "../../src/keys/key-ring.ts";
import { formatKeys, type KeyStore, parseKeys, type StoredKey, StoreError } from "../../src/keys/store.ts";

/** A store in memory that keeps what a file would. */
export class MemoryStore implements KeyStore {
  text = formatKeys([]);
  /** Is it broken? Then nothing can be saved. */
  broken = false;

  load(): readonly StoredKey[] {
    return parseKeys(this.text);
  }

  async save(keys: readonly StoredKey[]): Promise<void> {
    if (this.broken) throw new StoreError("the disk is full");
    await Promise.resolve();
    this.text = formatKeys(keys);
  }
}

export function wanted(name: string, more: Partial<NewKey> = {}): NewKey {
  return {
    name,
    tags: [],
    routes: undefined,
    forceVariant: false,
    admin: false,
    capture: true,
    limits: undefined,
    expiresAt: undefined,
    ...more,
  };
}
