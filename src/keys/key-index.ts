import type { Key } from "../domain/table.ts";
import { bearerHash } from "./secret.ts";

/** Headers that are remembered, lest a client that varies them fill the memory. */
const MOST_HEADERS = 1000;

/** What a secret opens, and until when. */
interface Grant {
  readonly key: Key;
  /** Milliseconds since 1970; undefined: for good. */
  readonly until: number | undefined;
}

/** Finds keys by their secrets and names. Any change of the keys makes a new index, so it never knows an old one. */
export class KeyIndex {
  readonly #grants: ReadonlyMap<string, Grant>;
  readonly #byName: ReadonlyMap<string, Key>;
  /**
   * Headers that were found to hold a key: on Bun, hashing takes a twentieth of a request's time. A map finds a text
   * by the hash of the whole, so the time tells nothing of where a guess differs. The same holds for hashes of
   * secrets, which nobody can choose.
   */
  readonly #headers = new Map<string, Grant>();

  /** @param keys each name once; of two keys with the same secret the first has it */
  constructor(keys: readonly Key[]) {
    this.#grants = new Map(keys.toReversed().flatMap(grantsOf));
    this.#byName = new Map(keys.map((key) => [key.name, key]));
  }

  /**
   * The key whose secret an Authorization header holds, if it is good at this time.
   * @param now asked only where something ends, in milliseconds since 1970
   */
  holder(authorization: string, now: () => number): Key | undefined {
    const grant = this.#headers.get(authorization) ?? this.#lookUp(authorization);
    if (grant === undefined) return undefined;
    return grant.until === undefined || now() < grant.until ? grant.key : undefined;
  }

  named(name: string): Key | undefined {
    return this.#byName.get(name);
  }

  #lookUp(authorization: string): Grant | undefined {
    const hash = bearerHash(authorization);
    const grant = hash === undefined ? undefined : this.#grants.get(hash);
    if (grant === undefined) return undefined;
    if (this.#headers.size >= MOST_HEADERS) this.#headers.clear();
    this.#headers.set(authorization, grant);
    return grant;
  }
}

function grantsOf(key: Key): [string, Grant][] {
  return key.proofs.map(({ hash, until }) => [hash, { key, until: earlier(until, key.expiresAt) }]);
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}
