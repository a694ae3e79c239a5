import { afterEach, expect } from "vitest";

const NAMES = Object.getOwnPropertyNames(Object.prototype).toSorted();

/** After each test of this file: nothing was put where every object would have it. */
export function guardPrototype(): void {
  afterEach(() => {
    expect(Object.getOwnPropertyNames(Object.prototype).toSorted()).toEqual(NAMES);
    expect([Reflect.get({}, "x"), Reflect.get({}, "polluted"), Reflect.get([], "x")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
}
