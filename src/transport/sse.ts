/** Longest event that is held back to be looked at whole, in bytes. A longer one passes unseen. */
export const MAX_HELD_BYTES = 64 * 1024;

/** Memory that may be kept beside the bytes held, which is cheaper than to copy them. */
const SPARE_BYTES = 8 * 1024;

const NOTHING = Buffer.alloc(0);

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;

/**
 * Cuts a stream of server-sent events into whole events, for any chunking and any line ending. Bytes come
 * out as they went in; a part of an event is held back until the event is whole.
 * Framing as in the HTML standard, section 9.2.5 "Parsing an event stream".
 */
export class EventCutter {
  #held: Buffer = NOTHING;
  /** Bytes of `#held` that have been looked at. */
  #scanned = 0;
  #lineEmpty = true;
  #lineIsComment = false;
  #eventHasField = false;
  #afterCr = false;
  /** In an event too long to hold: its bytes pass as they come. */
  #passing = false;

  /** The bytes of an event that has begun but not ended. */
  get rest(): Buffer {
    return this.#held;
  }

  /** Have bytes of an event come out, as part of one too long to be held, whose end has not come? */
  get passing(): boolean {
    return this.#passing;
  }

  /**
   * Takes the next bytes and calls `onEvent` for each whole event, or comment, with its blank line.
   * @param onPart called with bytes of an event too long to be held, or, with `endsEvent`, with the second
   *   half of a line ending that belongs to the event before
   */
  push(
    chunk: Uint8Array,
    onEvent: (event: Buffer) => void,
    onPart: (part: Buffer, endsEvent: boolean) => void,
  ): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const data = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    let start = 0;
    if (this.#held.length === 0 && this.#afterCr && data[0] === LF) {
      // The rest of the line ending of an event that is out already.
      this.#afterCr = false;
      onPart(data.subarray(0, 1), true);
      start = 1;
    }
    for (let i = Math.max(start, this.#scanned); i < data.length; i++) {
      if (!this.#endsEvent(data, i)) continue;
      const end = data[i] === CR && data[i + 1] === LF ? i + 2 : i + 1;
      if (end === i + 2) this.#afterCr = false;
      if (this.#passing) onPart(data.subarray(start, end), false);
      else onEvent(data.subarray(start, end));
      this.#passing = false;
      start = end;
      i = end - 1;
    }
    this.#held = alone(data, start);
    this.#scanned = this.#held.length;
    if (this.#passing || this.#held.length > MAX_HELD_BYTES) {
      if (this.#held.length > 0) onPart(this.#held, false);
      this.#passing = true;
      this.#held = NOTHING;
      this.#scanned = 0;
    }
  }

  /** Does the byte at `i` end an event or a comment that stands alone? */
  #endsEvent(data: Buffer, i: number): boolean {
    const byte = data[i];
    if (byte === LF && this.#afterCr) {
      this.#afterCr = false;
      return false;
    }
    this.#afterCr = byte === CR;
    if (byte !== LF && byte !== CR) {
      if (this.#lineEmpty) {
        this.#lineIsComment = byte === COLON;
        if (!this.#lineIsComment) this.#eventHasField = true;
        this.#lineEmpty = false;
      }
      return false;
    }
    const ends = this.#lineEmpty || (this.#lineIsComment && !this.#eventHasField);
    this.#lineEmpty = true;
    this.#lineIsComment = false;
    if (ends) this.#eventHasField = false;
    return ends;
  }
}

/** What follows `start`, without much memory of what stands before it: a paused stream holds it for long. */
function alone(data: Buffer, start: number): Buffer {
  if (start === data.length) return NOTHING;
  if (data.buffer.byteLength - (data.length - start) <= SPARE_BYTES) return data.subarray(start);
  const copy = Buffer.allocUnsafeSlow(data.length - start);
  data.copy(copy, 0, start);
  return copy;
}

/** The data of an event: its `data:` lines joined by line feeds; undefined when it has none. */
export function dataOf(event: Buffer): string | undefined {
  const text = event.toString("utf8");
  const oneLine = text.indexOf("\n") === text.length - 2 && !text.includes("\r");
  if (oneLine && text.startsWith("data: ") && text.endsWith("\n\n")) return text.slice(6, -2);
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\n|\r/)
    .filter((line) => line === "data" || line.startsWith("data:"));
  return lines.length === 0 ? undefined : lines.map((line) => line.slice(line[5] === " " ? 6 : 5)).join("\n");
}

/**
 * Does the JSON key stand in the event with a value that begins with `first`? A quick look at bytes: a
 * quoted key inside a string has a backslash before its quote and is not found.
 */
export function hasKey(event: Buffer, key: string, first: string): boolean {
  const quoted = `"${key}"`;
  for (let at = event.indexOf(quoted); at !== -1; at = event.indexOf(quoted, at + 1)) {
    let i = at + quoted.length;
    while (isBlank(event[i])) i++;
    if (event[i] !== COLON) continue;
    do i++;
    while (isBlank(event[i]));
    if (event[i] === first.charCodeAt(0)) return true;
  }
  return false;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09;
}
