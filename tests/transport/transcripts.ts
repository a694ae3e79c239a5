import fc from "fast-check";

/** Text with what is easily cut in two: 2, 3 and 4 byte characters, joined emoji, right-to-left, marks. */
export const text: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "é",
        "日本語",
        "👩‍👩‍👧‍👦",
        "🏳️‍🌈",
        "😀",
        "مرحبا",
        "שלום\u200f",
        "a\u0301",
        "\u2028",
        "\ufeff",
        ":",
        " ",
        '"',
        "\\",
      ),
      fc.string({ unit: "grapheme", maxLength: 6 }),
    ),
    { maxLength: 5 },
  )
  .map((parts) => parts.join("").replace(/[\r\n]/g, " "));

const chunkJson = fc
  .record({ content: text, index: fc.nat(2) })
  .map(({ content, index }) => JSON.stringify({ choices: [{ index, delta: { content } }] }));

/** A line of an event, without its ending. No line breaks off: an error would be told in a member `error`. */
const line: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: chunkJson.map((json) => `data: ${json}`) },
  { weight: 2, arbitrary: text.map((value) => `data:${value}`) },
  { weight: 1, arbitrary: fc.constantFrom("data", "data:", "id", "unknown: 1", "database: 2") },
  { weight: 1, arbitrary: text.map((value) => `: ${value}`) },
  { weight: 1, arbitrary: text.map((value) => `id: ${value}`) },
  { weight: 1, arbitrary: fc.constantFrom("event: message", "event:delta", "retry: 3000", ":") },
);

const event = fc.oneof(
  { weight: 5, arbitrary: fc.array(line, { minLength: 1, maxLength: 4 }).map((lines) => [...lines, ""]) },
  { weight: 1, arbitrary: fc.constantFrom([": ping"], [": ping", ""], [""], ["", ""]) },
);

const ENDINGS = ["\n", "\r\n", "\r"] as const;

/** A stream of server-sent events: one kind of line ending or all of them mixed, with or without a BOM. */
export const transcript: fc.Arbitrary<string> = fc
  .record({
    events: fc.array(event, { maxLength: 6 }),
    endings: fc.oneof(
      fc.constantFrom(...ENDINGS).map((ending) => [ending]),
      fc.array(fc.constantFrom(...ENDINGS), { minLength: 5, maxLength: 9 }),
    ),
    bom: fc.boolean(),
  })
  .map(({ events, endings, bom }) => {
    const lines = events.flat().map((content, index) => `${content}${endings[index % endings.length]}`);
    return `${bom ? "\ufeff" : ""}${lines.join("")}`;
  });

/** Cuts bytes into pieces of the sizes given, again and again. */
export function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? bytes.length);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

/** The data of each event, read from the whole text as the HTML standard says (9.2.6), step by step. */
export function dataByStandard(all: string): string[] {
  const lines = all.replace(/^\ufeff/, "").split(/\r\n|\r|\n/);
  lines.pop(); // what follows the last line ending is not a line yet
  const dispatched: string[] = [];
  let data = "";
  for (const one of lines) {
    if (one === "") {
      if (data !== "") dispatched.push(data.slice(0, -1));
      data = "";
      continue;
    }
    const colon = one.indexOf(":");
    const field = colon === -1 ? one : one.slice(0, colon);
    const value = colon === -1 ? "" : one.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data += `${value}\n`;
  }
  return dispatched;
}
