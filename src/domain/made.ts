/** What a `Map` and a `WeakMap` have in common. */
interface Store<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): unknown;
}

/** The value of this key, made and kept when there is none. */
export function known<K, V>(store: Store<K, V>, key: K, make: (key: K) => V): V {
  let value = store.get(key);
  if (value === undefined) {
    value = make(key);
    store.set(key, value);
  }
  return value;
}

/** Values by key, each made when it is first asked for. */
export class Made<K, V> {
  readonly #values = new Map<K, V>();
  readonly #make: (key: K) => V;

  constructor(make: (key: K) => V) {
    this.#make = make;
  }

  get(key: K): V {
    return known(this.#values, key, this.#make);
  }
}
