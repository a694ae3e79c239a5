import type { RawAnswer } from "../captures/raw.ts";
import { answerOf } from "../captures/refine.ts";
import { Assembler } from "../transport/assembler.ts";
import type { Tape } from "./recording-reply.ts";

/** Bytes of a stream that are kept as they came; a longer one is put together on its way. */
const RAW_BYTES = 64 * 1024;

/** Longest whole answer that is kept, in bytes. */
const WHOLE_BYTES = 1024 * 1024;

/** Keeps an answer to be captured, within bounds. */
export class AnswerTape implements Tape {
  #stream: boolean | undefined;
  #parts: (Buffer | string)[] = [];
  #bytes = 0;
  #assembler: Assembler | undefined;

  begin(_contentType: string, stream: boolean): void {
    this.#stream = stream;
  }

  add(chunk: Uint8Array | string): void {
    if (this.#assembler !== undefined) return this.#assembler.push(bytesOf(chunk));
    this.#bytes += chunk.length;
    if (!this.#stream && this.#bytes > WHOLE_BYTES) this.#parts = [];
    else this.#parts.push(typeof chunk === "string" ? chunk : Buffer.from(chunk));
    if (this.#stream && this.#bytes > RAW_BYTES) this.#fold();
  }

  /** What passed; undefined when nothing did. The tape is used up then. */
  answer(): RawAnswer | undefined {
    if (this.#stream === undefined) return undefined;
    if (this.#assembler === undefined)
      return {
        text: textOf(this.#parts),
        stream: this.#stream,
        truncated: !this.#stream && this.#bytes > WHOLE_BYTES,
      };
    const assembled = this.#assembler.end();
    return { text: JSON.stringify(answerOf(assembled) ?? {}), stream: false, truncated: assembled.truncated };
  }

  #fold(): void {
    this.#assembler = new Assembler();
    for (const part of this.#parts) this.#assembler.push(bytesOf(part));
    this.#parts = [];
  }
}

function bytesOf(chunk: Uint8Array | string): Uint8Array {
  return typeof chunk === "string" ? Buffer.from(chunk) : chunk;
}

/** Characters may be cut in two between parts. */
function textOf(parts: readonly (Buffer | string)[]): string {
  const [first = ""] = parts;
  return parts.length === 1 ? String(first) : Buffer.concat(parts.map(bytesOf)).toString("utf8");
}
