import { beforeEach, describe, expect, test } from "vitest";
import type { Store } from "../../src/store/store.ts";
import { useDatabases } from "./databases.ts";
import { batch, capture } from "./samples.ts";

const { kinds, open } = useDatabases();

const DAY = 24 * 60 * 60 * 1000;

describe.each(kinds)("rule sets on $name", (database) => {
  let store: Store;

  beforeEach(async () => {
    store = await open(await database.create());
  });

  const save = (version: string, day: number, document = `{"of":"${version}"}`): Promise<void> =>
    store.saveRuleSet({ version, at: day * DAY, document });

  /** Keeps captures of so many days and deletes those that came before. */
  async function keepFrom(day: number): Promise<void> {
    await store.write(batch({ captures: [capture(`of day ${day}`, { at: day * DAY })] }));
    await store.retain({ before: day * DAY, maxBytes: undefined });
  }

  const kept = async (...versions: readonly string[]): Promise<readonly string[]> => {
    const found = await Promise.all(versions.map((version) => store.ruleSet(version)));
    return found.flatMap((each) => (each === undefined ? [] : [each.version]));
  };

  test("are kept once for each version, with when they came into force last", async () => {
    await save("a", 2);
    await save("a", 1, "{}");
    expect(await store.ruleSet("a")).toEqual({ version: "a", at: 2 * DAY, document: '{"of":"a"}' });
    await save("a", 5, "{}");
    expect(await store.ruleSet("a")).toEqual({ version: "a", at: 5 * DAY, document: '{"of":"a"}' });
    expect(await store.ruleSet("b")).toBeUndefined();
  });

  test("go when others were in force long before the oldest capture, and the newest never do", async () => {
    for (const [version, day] of [
      ["a", 10],
      ["b", 20],
      ["c", 30],
    ] as const)
      await save(version, day);
    await store.retain({ before: 50 * DAY, maxBytes: undefined });
    expect(await kept("a", "b", "c")).toEqual(["a", "b", "c"]); // nobody knows what is to come
    await keepFrom(20.5);
    expect(await kept("a", "b", "c")).toEqual(["a", "b", "c"]);
    await keepFrom(21.5);
    expect(await kept("a", "b", "c")).toEqual(["b", "c"]);
    await keepFrom(400);
    expect(await kept("a", "b", "c")).toEqual(["c"]);
  });

  test("those that came back are kept for as long as they are in force", async () => {
    for (const [version, day] of [
      ["a", 10],
      ["b", 20],
      ["a", 30],
    ] as const)
      await save(version, day);
    await keepFrom(25);
    expect(await kept("a", "b")).toEqual(["a", "b"]);
    await keepFrom(40);
    expect(await kept("a", "b")).toEqual(["a"]);
  });
});
