import { bytesOf, type RawCapture } from "./raw.ts";

/** What waits to be written. */
export interface Waiting {
  readonly raw: RawCapture;
  readonly bytes: number;
  /** Since when, on the clock of performance.now(). */
  readonly since: number;
}

/** Places at the front that may stand empty before the rest moves up. */
const EMPTY_PLACES = 1024;

/** A line of captures, the oldest first. Those at its front may be held: they are being written. */
export class Backlog {
  #line: (Waiting | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  /** How many from the front on are held. */
  #held = 0;

  get size(): number {
    return this.#line.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get oldest(): Waiting | undefined {
    return this.#line[this.#head];
  }

  add(raw: RawCapture): void {
    const bytes = bytesOf(raw);
    this.#line.push({ raw, bytes, since: performance.now() });
    this.#bytes += bytes;
  }

  /** Holds the oldest: at most so many, and of no more bytes unless the first alone has more. */
  hold(most: number, mostBytes: number): readonly RawCapture[] {
    const held: RawCapture[] = [];
    let bytes = 0;
    for (let at = this.#head; at < this.#line.length && held.length < most; at++) {
      const next = this.#line[at];
      if (next === undefined) break;
      bytes += next.bytes;
      if (held.length > 0 && bytes > mostBytes) break;
      held.push(next.raw);
    }
    this.#held = held.length;
    return held;
  }

  /** So many of those that are held are done with. */
  remove(count: number): void {
    for (let at = this.#head; at < this.#head + count; at++) this.#bytes -= this.#line[at]?.bytes ?? 0;
    this.#held -= count;
    this.#leave(count);
  }

  /** They stay in the line, and are no longer held. */
  release(): void {
    this.#held = 0;
  }

  /** Removes the oldest that are not held until so many bytes are gone. @returns how many captures they were */
  drop(bytes: number): number {
    const from = this.#head + this.#held;
    let count = 0;
    let freed = 0;
    for (let next = this.#line[from]; next !== undefined && freed < bytes; next = this.#line[from + count]) {
      freed += next.bytes;
      count++;
    }
    this.#line.copyWithin(this.#head + count, this.#head, from);
    this.#bytes -= freed;
    this.#leave(count);
    return count;
  }

  /** Empties so many places at the front. */
  #leave(count: number): void {
    this.#line.fill(undefined, this.#head, this.#head + count);
    this.#head += count;
    if (this.#head < EMPTY_PLACES || this.#head * 2 < this.#line.length) return;
    this.#line = this.#line.slice(this.#head);
    this.#head = 0;
  }
}
