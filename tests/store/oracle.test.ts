import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Capture, CaptureOutcome, Feedback, FeedbackValue } from "../../src/domain/capture.ts";
import { type CaptureFilter, type Store, scan } from "../../src/store/store.ts";
import { useDatabases } from "./databases.ts";
import { batch, capture, contentOf, feedback } from "./samples.ts";

const { kinds, open } = useDatabases();

const words = ["soup", "süß", "牛肉面", "x-ray", "SOUP"] as const;
const small = fc.integer({ min: 0, max: 6 });
const of = <T>(...values: readonly T[]) => fc.constantFrom(...values);
const texts = fc.array(of(...words), { maxLength: 3 }).map((some) => some.join(" "));

const captures: fc.Arbitrary<Capture> = fc
  .record({
    id: small.map((n) => `c${n}`).chain((id) => of(id, `${id}-2`, `${id}-3`)),
    at: small,
    route: of("a", "b"),
    variant: of("v", "w"),
    decided: of("v", "w"),
    run: of("run_1", "run_2", undefined),
    user: of("ada", "bob", undefined),
    key: of("k", undefined),
    outcome: of<CaptureOutcome>("success", "timeout"),
    status: of(200, 504),
    cached: fc.boolean(),
    simulated: fc.boolean(),
    content: fc.option(fc.tuple(texts, texts), { nil: undefined }),
  })
  .map(({ id, content, ...rest }) =>
    capture(id, { ...rest, content: content === undefined ? undefined : contentOf(...content) }),
  );
const values: fc.Arbitrary<FeedbackValue> = of<FeedbackValue>(true, false, 0, 1, 2.5, "good");
const feedbacks: fc.Arbitrary<readonly Feedback[]> = fc
  .array(fc.record({ request: small, name: of("thumbs", "score"), value: values, at: small }), {
    maxLength: 8,
  })
  .map((all) =>
    all.map(({ request, name, value, at }, i) => feedback(`f${i}`, `c${request}`, { name, value, at })),
  );
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 1 });
const filters: fc.Arbitrary<CaptureFilter> = fc.record({
  route: maybe(of("a", "c")),
  variant: maybe(of("v")),
  user: maybe(of("ada", "bob")),
  decided: maybe(of("w")),
  run: maybe(of("run_1")),
  key: maybe(of("k")),
  outcome: maybe(of("success")),
  status: maybe(of(200, 504)),
  cached: maybe(fc.boolean()),
  simulated: maybe(fc.boolean()),
  content: maybe(fc.boolean()),
  from: maybe(small),
  to: maybe(small),
  search: maybe(of("soup", "sus", "sou*", "牛肉", "肉", "ray x", "!")),
  feedback: maybe(
    fc.record({ name: of("thumbs", "score"), equals: maybe(values), atLeast: maybe(of(0, 1, 2)) }),
  ),
});

/** What the search finds in the words that are used here. */
const FOUND_IN: Readonly<Record<string, readonly string[]>> = {
  soup: ["soup", "SOUP"],
  sus: ["süß"],
  "sou*": ["soup", "SOUP"],
  牛肉: ["牛肉面"],
  肉: ["牛肉面"],
  "ray x": ["x-ray"],
};

function matches(each: Capture, given: readonly Feedback[], filter: CaptureFilter): boolean {
  const is = (value: unknown, wanted: unknown) => wanted === undefined || value === wanted;
  return (
    is(each.route, filter.route) &&
    is(each.variant, filter.variant) &&
    is(each.decided, filter.decided) &&
    is(each.run, filter.run) &&
    is(each.user, filter.user) &&
    is(each.key, filter.key) &&
    is(each.outcome, filter.outcome) &&
    is(each.status, filter.status) &&
    is(each.cached, filter.cached) &&
    is(each.simulated, filter.simulated) &&
    is(each.content !== undefined, filter.content) &&
    each.at >= (filter.from ?? 0) &&
    each.at < (filter.to ?? 100) &&
    isFound(each, filter.search) &&
    (filter.feedback === undefined || hasFeedback(each, given, filter.feedback))
  );
}

function isFound({ content }: Capture, search: string | undefined): boolean {
  const wanted = search === undefined ? undefined : FOUND_IN[search];
  if (wanted === undefined) return true;
  const there = `${content?.query ?? ""} ${content?.answerText ?? ""}`.split(" ");
  return wanted.some((word) => there.includes(word));
}

function hasFeedback(
  { id }: Capture,
  given: readonly Feedback[],
  { name, equals, atLeast }: NonNullable<CaptureFilter["feedback"]>,
): boolean {
  const latest = given
    .filter((each) => each.requestId === id && each.name === name)
    .reduce<Feedback | undefined>(
      (last, each) => (last === undefined || each.at >= last.at ? each : last),
      undefined,
    );
  if (latest === undefined) return false;
  const plain = (value: FeedbackValue) => (typeof value === "boolean" ? Number(value) : value);
  const value = plain(latest.value);
  return (
    (equals === undefined || value === plain(equals)) &&
    (atLeast === undefined || (typeof value === "number" && value >= atLeast))
  );
}

async function pages(store: Store, filter: CaptureFilter, limit: number, order: "newest" | "oldest") {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.page(filter, { limit, order, cursor });
    expect(page.captures.length).toBeLessThanOrEqual(limit);
    ids.push(...page.captures.map(({ id }) => id));
    cursor = page.next;
  } while (cursor !== undefined);
  return ids;
}

describe.each(kinds)("any captures on $name", (database) => {
  test("are found as a plain list has them, in pages of any size", async () => {
    const store = await open(await database.create());
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(captures, { maxLength: 8 }), { maxLength: 3 }),
        feedbacks,
        fc.array(filters, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 5 }),
        async (batches, given, wanted, limit) => {
          const there = new Map<string, Capture>();
          for (const some of batches) {
            await store.write(batch({ captures: some }));
            for (const each of some) if (!there.has(each.id)) there.set(each.id, each);
          }
          for (const each of given) await store.addFeedback(each);
          for (const filter of wanted) {
            const expected = [...there.values()].filter((each) => matches(each, given, filter));
            const oldest = await pages(store, filter, limit, "oldest");
            expect(oldest.toSorted()).toEqual(expected.map(({ id }) => id).toSorted());
            const times = oldest.map((id) => there.get(id)?.at ?? -1);
            expect(times).toEqual(times.toSorted((a, b) => a - b));
            expect(await pages(store, filter, limit, "newest")).toEqual(oldest.toReversed());
            expect(await store.count(filter)).toBe(expected.length);
          }
          for await (const { feedback: has, content: _, ...each } of scan(store, {}, 3)) {
            expect(there.get(each.id)).toMatchObject(each);
            expect(has.map(({ id }) => id)).toEqual(
              given
                .filter(({ requestId }) => requestId === each.id)
                .toSorted((a, b) => a.at - b.at)
                .map(({ id }) => id),
            );
          }
          for (const id of there.keys()) await store.delete({ id });
          for (const { requestId } of given) await store.delete({ id: requestId });
          expect(await store.size()).toMatchObject({ captures: 0, oldest: undefined });
        },
      ),
      { numRuns: 15 },
    );
  });

  test("of one and the same millisecond have places of their own", async () => {
    const store = await open(await database.create());
    const many = Array.from({ length: 2_500 }, (_, i) => capture(`c${i}`, { at: 7, content: undefined }));
    for (let from = 0; from < many.length; from += 500)
      await store.write(batch({ captures: many.slice(from, from + 500) }));
    await store.write(batch({ captures: [capture("next", { at: 8 }), capture("before", { at: 6 })] }));
    expect(await store.count({ from: 7, to: 8 })).toBe(2_500);
    expect(await store.count({ from: 8 })).toBe(1);
    expect(await store.count({ to: 7 })).toBe(1);
    expect(new Set(await pages(store, { to: 8 }, 1_000, "newest")).size).toBe(2_501);
  });
});
