/**
 * The same value for the same JSON, so that tools and schemas that stand in every row are kept once. What it gives out
 * must not be changed.
 */
export class Interner<T> {
  readonly #known = new Map<string, T>();

  share(value: T): T {
    const text = JSON.stringify(value) ?? "";
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    this.#known.set(text, value);
    return value;
  }
}
