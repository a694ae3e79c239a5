import fc from "fast-check";
import { expect, test } from "vitest";
import { type Line, linesOf, readLines } from "../../src/datasets/read.ts";

async function all(lines: AsyncIterable<Line>): Promise<readonly Line[]> {
  const found: Line[] = [];
  for await (const line of lines) found.push(line);
  return found;
}

async function texts(text: string): Promise<readonly (string | undefined)[]> {
  return (await all(linesOf(text))).map((line) => line.text);
}

test("lines end in LF, CRLF or not at all", async () => {
  expect(await texts("a\nb\r\n\r\n \nc")).toEqual(["a", "b", "", " ", "c"]);
  expect(await texts("a\n")).toEqual(["a"]);
  expect(await texts("")).toEqual([]);
  expect(await texts("\n")).toEqual([""]);
  expect(await texts("a\rb\n")).toEqual(["a\rb"]);
});

test("a byte-order mark stays, for its reader to see", async () => {
  expect(await texts("\uFEFFa\n")).toEqual(["\uFEFFa"]);
});

test("a line that is not UTF-8 has no text, and the others have theirs", async () => {
  const bytes = new Uint8Array([0x61, 0x0a, 0xc3, 0x28, 0x0a, 0x62]);
  expect(await all(readLines([bytes]))).toEqual([
    { number: 1, text: "a", bytes: 2 },
    { number: 2, text: undefined, bytes: 3 },
    { number: 3, text: "b", bytes: 1 },
  ]);
});

test("however the file is cut into pieces, its lines and their bytes are the same", async () => {
  const text = fc
    .array(fc.constantFrom("a", "é", "😀", "\n", "\r\n", "\r", "\uFEFF", '{"x":1}'))
    .map((parts) => parts.join(""));
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(40)), async (whole, cuts) => {
      const bytes = new TextEncoder().encode(whole);
      const places = [0, ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length];
      const pieces = places.slice(1).map((end, index) => bytes.slice(places[index], end));
      const lines = await all(readLines(pieces));
      expect(lines).toEqual(await all(linesOf(whole)));
      expect(lines.reduce((sum, line) => sum + line.bytes, 0)).toBe(bytes.length);
    }),
  );
});

test("a reader may use its piece again", async () => {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    const piece = new Uint8Array(1);
    for (const letter of "ab\ncd") {
      piece.set(new TextEncoder().encode(letter));
      yield piece;
    }
  }
  expect((await all(readLines(pieces()))).map(({ text }) => text)).toEqual(["ab", "cd"]);
});
