import fc from "fast-check";
import { expect, test } from "vitest";
import { dataOf, EventCutter, hasKey, MAX_HELD_BYTES } from "../../src/transport/sse.ts";
import { cut } from "../transport/transcripts.ts";
import { anyBytes, mutated } from "./bytes.ts";
import { runs } from "./runs.ts";

const GOOD = [
  'data: {"choices":[{"index":0,"delta":{"content":"é😀"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
  ": comment\r\n\r\nevent: x\r\ndata: a\r\ndata:b\r\n\r\nid: 1\rretry: 5\r\rdata\n\n\n\n",
  '\ufeffdata: {"error":{"message":"no"},"usage":{"a":1}}\n\r\n',
];

const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 });

test("any bytes in any pieces come out as they went in, the same events, and no more is held than is told", () => {
  fc.assert(
    fc.property(
      fc.oneof(anyBytes, mutated(GOOD)),
      sizes,
      fc.constantFrom(0, 0, 0, 0, 0, 1, 3),
      (bytes, some, long) => {
        const text = Buffer.concat([bytes, Buffer.alloc(long * 30_000, "x"), bytes]);
        const read = (pieces: readonly Uint8Array[]) => {
          const cutter = new EventCutter();
          const out: Buffer[] = [];
          const events: (string | undefined)[] = [];
          for (const piece of pieces) {
            cutter.push(
              piece,
              (event) => {
                out.push(Buffer.from(event));
                events.push(dataOf(event));
                hasKey(event, "usage", "{");
              },
              (part) => out.push(Buffer.from(part)),
            );
            expect(cutter.rest.length).toBeLessThanOrEqual(MAX_HELD_BYTES);
          }
          return { out: Buffer.concat([...out, cutter.rest]), events };
        };
        const pieces = read(cut(text, long === 0 ? some : [1000, ...some, 7000]));
        expect(pieces.out.equals(text)).toBe(true);
        // Where nothing is too long to be held, the cuts change nothing.
        if (text.length <= MAX_HELD_BYTES) expect(pieces.events).toEqual(read([text]).events);
      },
    ),
    runs(400),
  );
});
