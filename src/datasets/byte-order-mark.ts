import { joined } from "./read.ts";

const MARK = Uint8Array.of(0xef, 0xbb, 0xbf);

/** A file's bytes without the byte-order mark that it may begin with. */
export interface Unmarked {
  readonly hadMark: boolean;
  readonly content: AsyncIterable<Uint8Array>;
}

/** @param pieces of a file, cut wherever. @throws what reading them throws */
export async function unmarked(pieces: AsyncIterable<Uint8Array>): Promise<Unmarked> {
  const rest = pieces[Symbol.asyncIterator]();
  let start: Uint8Array = new Uint8Array();
  while (start.length < MARK.length) {
    const { done, value } = await rest.next();
    if (done) break;
    start = start.length === 0 ? value : joined([start, value]);
  }
  const hadMark = MARK.every((byte, index) => start[index] === byte);
  return { hadMark, content: going(hadMark ? start.subarray(MARK.length) : start, rest) };
}

/** A file's bytes after a byte-order mark, which is put in front. */
export async function* marked(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield MARK;
  yield* content;
}

async function* going(start: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (start.length > 0) yield start;
    for (;;) {
      const { done, value } = await rest.next();
      if (done) return;
      yield value;
    }
  } finally {
    await rest.return?.();
  }
}
