import fc from "fast-check";

/** What parsers trip over, to be put into good input. */
const TOKENS = [
  "\0",
  "\r\n",
  "\n\n",
  '"',
  "\\",
  "\\u",
  "\\ud800",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "-",
  "1e400",
  "-0",
  "9".repeat(400),
  "null",
  "true",
  "{{",
  "}}",
  "{%",
  "${",
  '"__proto__":{"x":1},',
  '"constructor":{},',
  '"model":"other",',
  "[".repeat(70),
  "*a",
  "&a ",
  "<<: ",
  "!!binary ",
  "? ",
  "data:",
  "\ufeff",
  "\u2028",
  "😀",
].map((text) => Buffer.from(text));

const INVALID_UTF8 = [[0x80], [0xc0, 0xaf], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf5], [0xff]].map((bytes) =>
  Buffer.from(bytes),
);

type Edit = (bytes: Buffer) => Buffer;

const place = fc.noBias(fc.nat(10_000)).map((at) => at / 10_001);
const piece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...TOKENS) },
  { weight: 1, arbitrary: fc.constantFrom(...INVALID_UTF8) },
  { weight: 2, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 4 }).map((bytes) => Buffer.from(bytes)) },
);

const splice =
  (at: number, length: number, insert: Uint8Array): Edit =>
  (bytes) => {
    const start = Math.floor(at * bytes.length);
    return Buffer.concat([bytes.subarray(0, start), insert, bytes.subarray(start + length)]);
  };

/** Copies a part of the bytes to another place in them. */
const copy =
  (from: number, length: number, to: number): Edit =>
  (bytes) => {
    const start = Math.floor(from * bytes.length);
    return splice(to, 0, bytes.subarray(start, start + length))(bytes);
  };

const LITERAL = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|\b(?:true|false|null)\b/g;
const LITERALS = [
  '"x"',
  '""',
  '"\\u0061\\ud800"',
  '"user"',
  '"model"',
  '"__proto__"',
  "1",
  "-0.0",
  "1e400",
  "9".repeat(30),
  "true",
  "null",
  "[]",
  '{"a":[1]}',
];

/** Puts another value or name in the place of one, so that most of what comes out can still be read. */
const retell =
  (at: number, literal: string): Edit =>
  (bytes) => {
    const text = bytes.toString("latin1");
    const found = [...text.matchAll(LITERAL)];
    const one = found[Math.floor(at * found.length)];
    if (one === undefined) return bytes;
    const rest = text.slice(one.index + one[0].length);
    return Buffer.from(text.slice(0, one.index) + literal + rest, "latin1");
  };

const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(place, fc.constantFrom(...LITERALS)).map(([at, one]) => retell(at, one)) },
  fc.tuple(place, fc.nat(8), piece).map(([at, length, insert]) => splice(at, length, insert)),
  fc.tuple(place, fc.nat(40)).map(([at, length]) => splice(at, length, Buffer.alloc(0))),
  fc.tuple(place, fc.nat(80), place).map(([from, length, to]) => copy(from, length, to)),
  place.map((at) => splice(at, Number.MAX_SAFE_INTEGER, Buffer.alloc(0))),
);

/** Good input with up to five mistakes in it. */
export function mutated(good: readonly (string | Uint8Array)[]): fc.Arbitrary<Buffer> {
  return fc
    .tuple(fc.constantFrom(...good), fc.oneof(fc.tuple(edit), fc.array(edit, { minLength: 1, maxLength: 5 })))
    .map(([start, edits]) => edits.reduce<Buffer>((bytes, one) => one(bytes), Buffer.from(start)));
}

export const anyBytes: fc.Arbitrary<Buffer> = fc
  .oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.array(piece, { maxLength: 40 }).map((parts) => Buffer.concat(parts)),
  )
  .map((bytes) => Buffer.from(bytes));
