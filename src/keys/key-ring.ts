import { GatewayError, serverError } from "../domain/errors.ts";
import type { Key, KeyProof } from "../domain/table.ts";
import { KeyIndex } from "./key-index.ts";
import { hintOf, newSecret, sha256 } from "./secret.ts";
import type { KeyStore, StoredKey } from "./store.ts";

/** What a created key may do. */
export type NewKey = Pick<
  Key,
  "name" | "tags" | "routes" | "forceVariant" | "admin" | "capture" | "expiresAt" | "limits"
>;

/** A key as a list shows it. */
export type ListedKey =
  | { readonly source: "configuration"; readonly key: Key }
  | {
      readonly source: "created";
      readonly key: StoredKey;
      /** The configuration has a key of the same name, which takes its place. */
      readonly shadowed: boolean;
    };

/** A created key with its secret, which nobody can ask for again. */
export interface Issued {
  readonly key: StoredKey;
  readonly secret: string;
}

export interface KeyRingDeps {
  /** Where created keys are kept; without one none can be created. */
  readonly store?: KeyStore;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * The keys of the configuration and the created ones. What changes is in force for the next request. Changes are
 * made one after the other, and only once they are stored.
 */
export class KeyRing {
  readonly #store: KeyStore | undefined;
  readonly #now: () => number;
  #configured: ReadonlyMap<string, Key> = new Map();
  #wasRequired = false;
  #created: readonly StoredKey[];
  #index = new KeyIndex([]);
  #changes: Promise<unknown> = Promise.resolve();

  /** @throws StoreError when the created keys can't be read */
  constructor({ store, now = Date.now }: KeyRingDeps = {}) {
    this.#store = store;
    this.#now = now;
    this.#created = store?.load() ?? [];
    this.#reindex();
  }

  /** Puts the configuration's keys in place of those before. */
  configure(keys: readonly Key[]): void {
    this.#wasRequired = this.required;
    this.#configured = new Map(keys.map((key) => [key.name, key]));
    this.#reindex();
  }

  /** Must clients give a key? Yes once there was one, be it revoked or expired: that must open nothing. */
  get required(): boolean {
    return this.#wasRequired || this.#configured.size > 0 || this.#created.length > 0;
  }

  /** Would clients need a key if the configuration had these? */
  requiredWith(configured: readonly Key[]): boolean {
    return configured.length > 0 || this.#created.length > 0;
  }

  /** Is there a key for the admin surface, be it revoked or expired? */
  get hasAdmin(): boolean {
    return (
      [...this.#configured.values()].some(({ admin }) => admin) || this.#created.some(({ admin }) => admin)
    );
  }

  /** The key whose secret an Authorization header holds; undefined for one that is unknown, revoked or expired. */
  holder(authorization: string): Key | undefined {
    return this.#index.holder(authorization, this.#now);
  }

  /** The key of this name that is in force. */
  named(name: string): Key | undefined {
    return this.#index.named(name);
  }

  list(): readonly ListedKey[] {
    return [
      ...[...this.#configured.values()].map((key) => ({ source: "configuration" as const, key })),
      ...this.#created.map((key) => this.#listed(key)),
    ];
  }

  /** @throws GatewayError 409 when the name is taken, 503 without a store; StoreError when it can't be kept */
  create(wanted: NewKey): Promise<Issued> {
    return this.#inTurn(async () => {
      if (this.#configured.has(wanted.name)) throw conflict("The configuration has a key of this name.");
      if (this.#created.some(({ name }) => name === wanted.name))
        throw conflict("There is a key of this name, or there was one. Choose another name.");
      const secret = newSecret();
      const key: StoredKey = {
        ...wanted,
        proofs: [{ hash: sha256(secret), until: undefined }],
        hint: hintOf(secret),
        createdAt: this.#now(),
        revokedAt: undefined,
      };
      await this.#keep([...this.#created, key]);
      return { key, secret };
    });
  }

  /**
   * Gives a created key a new secret.
   * @param overlapMs for how long what is good now stays so beside it
   * @throws GatewayError 404, 409 for a key that is no longer good or the configuration's, 503; StoreError
   */
  rotate(name: string, overlapMs: number): Promise<Issued> {
    return this.#inTurn(async () => {
      const before = this.#find(name);
      const now = this.#now();
      if (before.revokedAt !== undefined) throw conflict("The key is revoked. Create one of another name.");
      if (before.expiresAt !== undefined && before.expiresAt <= now)
        throw conflict("The key has expired. Create one of another name.");
      const secret = newSecret();
      const current = { hash: sha256(secret), until: undefined };
      const proofs = [current, ...ending(before.proofs, now, now + overlapMs)];
      const key = { ...before, proofs, hint: hintOf(secret) };
      await this.#replace(key);
      return { key, secret };
    });
  }

  /**
   * Ends a created key at once. Its name stays taken. Revoking it once more changes nothing.
   * @throws GatewayError 404, 409 for the configuration's, 503; StoreError
   */
  revoke(name: string): Promise<StoredKey> {
    return this.#inTurn(async () => {
      const before = this.#find(name);
      if (before.revokedAt !== undefined) return before;
      const key = { ...before, proofs: [], revokedAt: this.#now() };
      await this.#replace(key);
      return key;
    });
  }

  #find(name: string): StoredKey {
    if (this.#configured.has(name))
      throw conflict(
        "This key stands in the configuration. Change or remove it there; a reload brings that into force.",
      );
    const key = this.#created.find((one) => one.name === name);
    if (key === undefined) throw keyNotFound();
    return key;
  }

  #listed(key: StoredKey): ListedKey {
    return { source: "created", key, shadowed: this.#configured.has(key.name) };
  }

  #replace(key: StoredKey): Promise<void> {
    return this.#keep(this.#created.map((one) => (one.name === key.name ? key : one)));
  }

  async #keep(keys: readonly StoredKey[]): Promise<void> {
    if (this.#store === undefined)
      throw serverError(
        503,
        "store_unavailable",
        "This platform can't keep keys. Put them into the configuration.",
      );
    await this.#store.save(keys);
    this.#created = keys;
    this.#reindex();
  }

  #reindex(): void {
    const created = this.#created.filter(
      ({ name, revokedAt }) => revokedAt === undefined && !this.#configured.has(name),
    );
    this.#index = new KeyIndex([...this.#configured.values(), ...created]);
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.#changes.then(change);
    this.#changes = changed.catch(() => {});
    return changed;
  }
}

/** The proofs that are still good at `now`, none longer than until `end`. */
function ending(proofs: readonly KeyProof[], now: number, end: number): readonly KeyProof[] {
  return proofs
    .map(({ hash, until }) => ({ hash, until: Math.min(until ?? end, end) }))
    .filter(({ until }) => until > now);
}

/** 409: what is asked does not fit what is there. */
function conflict(message: string): GatewayError {
  return new GatewayError({ status: 409, type: "invalid_request_error", code: "state_conflict", message });
}

function keyNotFound(): GatewayError {
  return new GatewayError({
    status: 404,
    type: "invalid_request_error",
    code: "key_not_found",
    message: "There is no key of this name. GET /admin/api/keys lists them.",
  });
}
