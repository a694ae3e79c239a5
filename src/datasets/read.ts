/** A line of a file, as it stands there. */
export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without its line end; undefined when it is not UTF-8. The first line keeps a byte-order mark. */
  readonly text: string | undefined;
  /** With its line end. */
  readonly bytes: number;
}

export const BOM = "\uFEFF";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * The lines of a file that comes in pieces, cut wherever. Ends may be LF or CRLF, the last line may have none.
 * Holds one line and one piece at a time.
 */
export async function* readLines(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Line> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let number = 0;
  let open: Uint8Array[] = []; // pieces of a line whose end has not come
  const line = (bytes: Uint8Array, ended: boolean): Line => {
    number++;
    const end = bytes.at(-1) === CARRIAGE_RETURN ? bytes.length - 1 : bytes.length;
    return { number, text: decoded(decoder, bytes.subarray(0, end)), bytes: bytes.length + (ended ? 1 : 0) };
  };
  for await (const piece of pieces) {
    let start = 0;
    for (;;) {
      const end = piece.indexOf(LINE_FEED, start);
      if (end === -1) break;
      const last = piece.subarray(start, end);
      yield line(open.length === 0 ? last : joined([...open, last]), true);
      open = [];
      start = end + 1;
    }
    // A copy, as the reader of a file may use its piece again.
    if (start < piece.length) open.push(piece.slice(start));
  }
  if (open.length > 0) yield line(joined(open), false);
}

/** The lines of a text. */
export function linesOf(text: string): AsyncGenerator<Line> {
  return readLines([new TextEncoder().encode(text)]);
}

function decoded(decoder: TextDecoder, bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
