import fc from "fast-check";
import { expect, test } from "vitest";
import { marked, unmarked } from "../../src/datasets/byte-order-mark.ts";

const MARK = [0xef, 0xbb, 0xbf];

/** Contents of files, of which many begin like a mark. */
const content = fc
  .tuple(fc.constantFrom([], MARK, [...MARK, ...MARK], MARK.slice(0, 2), [0xef]), fc.uint8Array())
  .map(([start, rest]) => [...start, ...rest]);

/** Where a file is cut into pieces. */
const cuts = fc.array(fc.nat(6), { maxLength: 4 });

test("one mark is taken away and told, however the file is cut, and all else stays", async () => {
  await fc.assert(
    fc.asyncProperty(content, cuts, async (bytes, lengths) => {
      const hadMark = MARK.every((byte, index) => bytes[index] === byte);
      const found = await unmarked(cut(bytes, lengths));
      expect(found.hadMark).toBe(hadMark);
      expect(await bytesOf(found.content)).toEqual(hadMark ? bytes.slice(3) : bytes);
    }),
  );
});

test("what is marked begins with one mark", async () => {
  await fc.assert(
    fc.asyncProperty(content, cuts, async (bytes, lengths) => {
      const { content: plain } = await unmarked(marked(cut(bytes, lengths)));
      expect(await bytesOf(plain)).toEqual(bytes);
      expect((await bytesOf(marked(cut(bytes, lengths)))).slice(0, 3)).toEqual(MARK);
    }),
  );
});

test("who stops early lets the file go", async () => {
  let isOpen = true;
  const file = (async function* () {
    try {
      for (;;) yield Uint8Array.of(1, 2, 3, 4);
    } finally {
      isOpen = false;
    }
  })();
  const { content: endless } = await unmarked(file);
  for await (const _ of endless) break;
  expect(isOpen).toBe(false);
});

async function* cut(bytes: readonly number[], lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const length of lengths) {
    yield Uint8Array.from(bytes.slice(from, from + length));
    from += length;
  }
  yield Uint8Array.from(bytes.slice(from));
}

async function bytesOf(pieces: AsyncIterable<Uint8Array>): Promise<number[]> {
  const all: number[] = [];
  for await (const piece of pieces) all.push(...piece);
  return all;
}
