import type { RawAnswer } from "../captures/raw.ts";
import { answerOf } from "../captures/refine.ts";
import { Assembler } from "../transport/assembler.ts";
import type { Tape } from "./recording-reply.ts";

/** Bytes of a stream that are kept as they came; a longer one is put together on its way. */
const RAW_BYTES = 32 * 1024;

/** Longest whole answer that is kept, in bytes. */
const WHOLE_BYTES = 1024 * 1024;

const FIRST_BYTES = 8 * 1024;
const NOTHING = Buffer.alloc(0);

/** Keeps an answer to be captured, within bounds. */
export class AnswerTape implements Tape {
  #stream: boolean | undefined;
  /** An answer that came as one text, which is never copied. */
  #text = "";
  /** All others: the first `#length` bytes of it. */
  #bytes = NOTHING;
  #length = 0;
  #assembler: Assembler | undefined;
  #tooLong = false;

  begin(_contentType: string, stream: boolean): void {
    this.#stream = stream;
  }

  add(chunk: Uint8Array | string): void {
    if (!this.#stream) this.#addWhole(chunk);
    else if (this.#assembler !== undefined) this.#assembler.push(bytesOf(chunk));
    else if (this.#length + chunk.length > RAW_BYTES) this.#fold(chunk);
    else this.#append(bytesOf(chunk));
  }

  /** What passed; undefined when nothing did. The tape is used up then. */
  answer(): RawAnswer | undefined {
    if (this.#stream === undefined) return undefined;
    if (this.#assembler === undefined) {
      const text = this.#text === "" ? this.#bytes.toString("utf8", 0, this.#length) : this.#text;
      return { text, stream: this.#stream, truncated: this.#tooLong };
    }
    const assembled = this.#assembler.end();
    return { text: JSON.stringify(answerOf(assembled) ?? {}), stream: false, truncated: assembled.truncated };
  }

  /** A whole answer comes at once. */
  #addWhole(body: Uint8Array | string): void {
    if (body.length > WHOLE_BYTES) this.#tooLong = true;
    else if (typeof body === "string") this.#text = body;
    else this.#append(body);
  }

  /** Into one piece of memory: an object for each of a stream's many pieces would take far longer. */
  #append(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, length, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length = length;
  }

  #fold(chunk: Uint8Array | string): void {
    this.#assembler = new Assembler();
    this.#assembler.push(this.#bytes.subarray(0, this.#length));
    this.#assembler.push(bytesOf(chunk));
    this.#bytes = NOTHING;
  }
}

function bytesOf(chunk: Uint8Array | string): Uint8Array {
  return typeof chunk === "string" ? Buffer.from(chunk) : chunk;
}
