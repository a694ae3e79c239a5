import { describe, expect, test } from "vitest";
import type { CaptureFilter, Store } from "../../src/store/store.ts";
import { exportStore, ImportError, importStore } from "../../src/store/transfer.ts";
import { useDatabases } from "./databases.ts";
import { batch, call, capture, feedback, recipe, usage } from "./samples.ts";

const { kinds, open } = useDatabases();

async function* each(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

async function exported(store: Store, filter?: CaptureFilter): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const line of exportStore(store, filter)) lines.push(line);
  return lines;
}

describe.each(kinds)("export and import on $name", (database) => {
  const filled = async () => {
    const store = await open(await database.create());
    const captures = Array.from({ length: 450 }, (_, i) =>
      capture(`c${i}`, { at: 1_000 + Math.floor(i / 3), user: i % 2 === 0 ? "ada" : "bob" }),
    );
    const routed = capture("routed", {
      at: 8_000,
      rollout: "ft",
      stage: 1,
      run: "run-1",
      epoch: 2,
      share: 0.05,
      calls: [call({ status: undefined, outcome: "timeout" }), call({ hedge: true, note: "a note" })],
    });
    await store.write(
      batch({
        captures: [
          ...captures,
          routed,
          capture("facts", { at: 9_000, content: undefined, costUsd: undefined }),
        ],
        recipes: [recipe],
        usage: [usage(), usage({ variant: "tuned", promptVersion: undefined })],
      }),
    );
    await store.addFeedback(feedback("f1", "c1"));
    await store.addFeedback(feedback("f2", "c2", { value: "text", comment: "why" }));
    await store.saveComparison({ id: "k", at: 1, route: undefined, variants: ["a"], summary: "{}" }, [
      { index: 0, captureId: "c1", user: undefined, document: "{}" },
    ]);
    return store;
  };

  test("a store comes back as it was, however often", async () => {
    const lines = await exported(await filled());
    expect(lines[0]).toBe('{"format":"crossover-store","version":1}');
    const other = await open(await database.create());
    const counts = { captures: 452, recipes: 1, feedback: 2, usage: 2, comparisons: 1 };
    const none = { captures: 0, recipes: 0, feedback: 0, usage: 0, comparisons: 0 };
    expect(await importStore(other, each(lines))).toEqual({ added: counts, there: none });
    expect(await exported(other)).toEqual(lines);
    expect(await importStore(other, each(lines))).toEqual({ added: none, there: counts });
    expect(await exported(other)).toEqual(lines);
  });

  test("what a store has of each kind is told apart from what is added", async () => {
    const lines = await exported(await filled());
    const other = await open(await database.create());
    await other.write(batch({ captures: [capture("c1"), capture("c449")], usage: [usage({ requests: 7 })] }));
    await other.addFeedback(feedback("f1", "c1"));
    expect(await importStore(other, each(lines))).toEqual({
      added: { captures: 450, recipes: 1, feedback: 1, usage: 1, comparisons: 1 },
      there: { captures: 2, recipes: 0, feedback: 1, usage: 1, comparisons: 0 },
    });
    const [hour] = (await other.usage({})).filter(({ variant }) => variant === usage().variant);
    expect(hour?.requests).toBe(7);
  });

  test("a filter leaves out the rest", async () => {
    const lines = await exported(await filled(), { user: "bob", to: 1_010 });
    expect(lines.at(-1)).toBe('{"end":{"captures":15,"recipes":1,"feedback":1,"usage":0,"comparisons":0}}');
  });

  test("a bad line is told by its number, with what was imported before it", async () => {
    const lines = await exported(await filled());
    const other = await open(await database.create());
    const broken = async (at: number, line: string) => {
      const changed = lines.with(at - 1, line);
      return importStore(other, each(changed)).then(
        () => expect.fail("it was imported"),
        (error: unknown) => error,
      );
    };
    expect(await broken(1, "{}")).toMatchObject({ line: 1, message: expect.stringContaining("header") });
    expect(await broken(1, '{"format":"crossover-store","version":2}')).toMatchObject({
      message: expect.stringContaining("version 2"),
    });
    expect(await broken(100, "{")).toMatchObject({ line: 100, message: expect.stringContaining("not JSON") });
    const before = await other.count({});
    const error = await broken(300, '{"capture":{"id":"x","at":"soon"}}');
    expect(error).toBeInstanceOf(ImportError);
    expect(error).toMatchObject({ line: 300, message: expect.stringContaining("capture.at") });
    expect(error).toMatchObject({ written: { captures: (await other.count({})) - before } });
    await expect(importStore(other, each(lines.slice(0, -1)))).rejects.toThrow("breaks off");
    await expect(importStore(other, each(lines.toSpliced(5, 1)))).rejects.toThrow(
      "lines of the export are missing",
    );
    await expect(importStore(other, each([...lines, lines[5] ?? ""]))).rejects.toThrow("more after");
  });
});
