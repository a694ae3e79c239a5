import fc from "fast-check";
import { expect, test } from "vitest";
import { packBytes, unpackBytes } from "../../src/statistics/packed-bytes.ts";

const bytes = fc
  .array(fc.tuple(fc.constantFrom(0, 0, 1, 255), fc.constantFrom(1, 2, 127, 128, 129, 20_000)), {
    maxLength: 8,
  })
  .map((runs) => new Uint8Array(runs.flatMap(([byte, times]) => new Array<number>(times).fill(byte))));

test("bytes come back as they were", () => {
  fc.assert(
    fc.property(bytes, (all) => {
      expect(unpackBytes(packBytes(all), all.length)).toEqual(all);
    }),
  );
});

test("what is not there is 0, and more than there should be is refused", () => {
  expect(unpackBytes(packBytes(new Uint8Array([7])), 3)).toEqual(new Uint8Array([7, 0, 0]));
  expect(() => unpackBytes(packBytes(new Uint8Array([7, 7])), 1)).toThrow("more bytes");
  expect(() => unpackBytes(packBytes(new Uint8Array(200).fill(1, 199)), 100)).toThrow("more bytes");
});
