import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dataOf, EventCutter, hasKey, MAX_HELD_BYTES } from "../../src/transport/sse.ts";
import { cut, dataByStandard, transcript } from "./transcripts.ts";

interface CutUp {
  readonly events: readonly Buffer[];
  readonly parts: readonly Buffer[];
  /** All that came out, in its order, and then what is still held. */
  readonly all: Buffer;
  readonly rest: Buffer;
  readonly passing: boolean;
}

function cutUp(pieces: readonly Uint8Array[]): CutUp {
  const cutter = new EventCutter();
  const events: Buffer[] = [];
  const parts: Buffer[] = [];
  const all: Buffer[] = [];
  for (const piece of pieces) {
    cutter.push(
      piece,
      (event) => {
        events.push(Buffer.from(event));
        all.push(Buffer.from(event));
      },
      (part) => {
        parts.push(Buffer.from(part));
        all.push(Buffer.from(part));
      },
    );
  }
  return {
    events,
    parts,
    all: Buffer.concat([...all, cutter.rest]),
    rest: Buffer.from(cutter.rest),
    passing: cutter.passing,
  };
}

const dataIn = (events: readonly Buffer[]): string[] =>
  events.map(dataOf).filter((data) => data !== undefined);

describe("any stream of events, however it is cut", () => {
  test("in two at every byte", () => {
    fc.assert(
      fc.property(transcript, (text) => {
        const bytes = Buffer.from(text);
        const whole = cutUp([bytes]);
        expect(dataIn(whole.events)).toEqual(dataByStandard(text));
        for (let at = 0; at <= bytes.length; at++) {
          const { events, all, rest } = cutUp([bytes.subarray(0, at), bytes.subarray(at)]);
          expect(all.equals(bytes), `cut at ${at}`).toBe(true);
          expect(events.length, `cut at ${at}`).toBe(whole.events.length);
          expect(dataIn(events), `cut at ${at}`).toEqual(dataIn(whole.events));
          expect(rest, `cut at ${at}`).toEqual(whole.rest);
        }
      }),
      { numRuns: 150 },
    );
  });

  test("into pieces of one byte and of any sizes", () => {
    fc.assert(
      fc.property(transcript, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (text, sizes) => {
        const bytes = Buffer.from(text);
        const whole = cutUp([bytes]);
        for (const pieces of [cut(bytes, [1]), cut(bytes, sizes)]) {
          const { events, all, rest } = cutUp(pieces);
          expect(all.equals(bytes)).toBe(true);
          expect(events.length).toBe(whole.events.length);
          expect(dataIn(events)).toEqual(dataByStandard(text));
          expect(rest).toEqual(whole.rest);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("nothing is held but an event that has begun", () => {
    fc.assert(
      fc.property(transcript, fc.nat(), (text, seed) => {
        const bytes = Buffer.from(text);
        const seen = bytes.subarray(0, bytes.length === 0 ? 0 : seed % (bytes.length + 1));
        const { rest, events } = cutUp(cut(seen, [1]));
        // What is held has no blank line in it, and everything before it is out.
        expect(cutUp([rest]).events).toEqual([]);
        expect(dataIn(events)).toEqual(dataByStandard(seen.toString()));
      }),
      { numRuns: 1000 },
    );
  });
});

test.each([
  ["LF", "data: a\n\ndata: b\n\n"],
  ["CRLF", "data: a\r\n\r\ndata: b\r\n\r\n"],
  ["CR", "data: a\r\rdata: b\r\r"],
  ["CRLF and LF", "data: a\r\n\ndata: b\n\r\n"],
  ["LF and CR", "data: a\n\rdata: b\r\n\r"],
])("an event is out with its last byte: %s", (_name, text) => {
  const counts = cut(Buffer.from(text), [1]).map(
    (_piece, index, pieces) => cutUp(pieces.slice(0, index + 1)).events.length,
  );
  // The last byte of CRLF belongs to a line ending that is known to be one since the CR.
  expect(counts.at(/\r\n$/.test(text) ? -2 : -1)).toBe(2);
  expect(cutUp(cut(Buffer.from(text), [1])).rest.length).toBe(0);
});

test("a comment is out with its line, without waiting for an event", () => {
  const { events, rest } = cutUp([Buffer.from(": keep-alive\n")]);
  expect([events.map(String), rest.length]).toEqual([[": keep-alive\n"], 0]);
});

test("a comment inside an event stays in it", () => {
  const { events } = cutUp([Buffer.from("data: a\n: comment\ndata: b\n\n")]);
  expect(dataIn(events)).toEqual(["a\nb"]);
});

test.each(["", "data: begun"])("what is held does not keep the memory of a long chunk: %j", (begun) => {
  const cutter = new EventCutter();
  cutter.push(
    Buffer.from(`data: ${"x".repeat(100_000)}\n\n${begun}`),
    () => {},
    () => {},
  );
  const { rest } = cutter;
  expect(rest.toString()).toBe(begun);
  expect(rest.buffer.byteLength).toBeLessThan(16 * 1024);
});

describe("an event too long to hold", () => {
  const long = Buffer.from(`data: ${"é".repeat(MAX_HELD_BYTES)}\n\n`);
  const next = Buffer.from("data: next\n\n");

  test("passes in parts as it comes, and the next one is cut right", () => {
    for (const size of [1000, MAX_HELD_BYTES, MAX_HELD_BYTES + 1, 100_001]) {
      const { events, parts, all } = cutUp(cut(Buffer.concat([next, long, next]), [size]));
      expect(all.equals(Buffer.concat([next, long, next]))).toBe(true);
      expect(events.map(String)).toEqual(["data: next\n\n", "data: next\n\n"]);
      expect(Buffer.concat(parts).equals(long)).toBe(true);
    }
  });

  test("is never held beyond the limit", () => {
    const cutter = new EventCutter();
    for (const piece of cut(long, [777])) {
      cutter.push(
        piece,
        () => {},
        () => {},
      );
      expect(cutter.rest.length).toBeLessThanOrEqual(MAX_HELD_BYTES);
    }
  });

  test("is known to be under way until its end", () => {
    expect(cutUp(cut(long.subarray(0, MAX_HELD_BYTES), [512])).passing).toBe(false);
    expect(cutUp(cut(long.subarray(0, -1), [512])).passing).toBe(true);
    expect(cutUp(cut(long, [512])).passing).toBe(false);
  });

  test("is an event like any other up to the limit, and when it came at once", () => {
    const most = Buffer.from(`data: ${"a".repeat(MAX_HELD_BYTES - 8)}\n\n`);
    expect(cutUp(cut(most, [1000])).events.length).toBe(1);
    expect(cutUp([long]).events.length).toBe(1);
  });
});

describe("dataOf", () => {
  test.each([
    ["data: a\n\n", "a"],
    ["data:a\n\n", "a"],
    ["data:  a \n\n", " a "],
    ["data: a\ndata: b\n\n", "a\nb"],
    ["data: a\rdata: b\n\n", "a\nb"],
    ["data: a\r: b\n\n", "a"],
    ["data: a\r\ndata:\r\n\r\n", "a\n"],
    ["data\n\n", ""],
    ["data: \n\n", ""],
    ["\ufeffdata: a\n\n", "a"],
    ["id: 1\nevent: x\ndata: a\nretry: 5\n\n", "a"],
    ["database: a\n\n", undefined],
    [": data: a\n\n", undefined],
    ["id: 1\n\n", undefined],
    ["\n", undefined],
    ["data: 👩‍👩‍👧‍👦 שלום\n\n", "👩‍👩‍👧‍👦 שלום"],
  ])("%j", (event, data) => {
    expect(dataOf(Buffer.from(event))).toBe(data);
  });
});

describe("hasKey", () => {
  const has = (json: string, first = "{"): boolean =>
    hasKey(Buffer.from(`data: ${json}\n\n`), "usage", first);

  test.each([
    ['{"usage":{}}', true],
    ['{"usage" : {}}', true],
    ['{"usage":\t{}}', true],
    ['{"usage":null}', false],
    ['{"usage":[{}]}', false],
    ['{"usages":{}}', false],
    ['{"a":"usage","b":{}}', false],
    ['{"a":"usage","usage":{}}', true],
    ['{"usage":null,"x":{"usage":{"a":1}}}', true],
    ["", false],
  ])("%s: %s", (json, expected) => {
    expect(has(json)).toBe(expected);
  });

  test("a key that a model says inside a text is none", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        const said = `${before}{"usage":{"prompt_tokens":1}}${after}`;
        return !has(JSON.stringify({ choices: [{ delta: { content: said } }] }));
      }),
    );
  });

  test("a key that is there is found among any others", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.json()), (others) =>
        has(JSON.stringify({ ...others, usage: { prompt_tokens: 1 } })),
      ),
    );
  });
});
