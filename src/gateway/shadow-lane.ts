/** Most that may wait in a lane, in requests and in bytes of their texts. */
const MOST_WAITING = 32;
const MOST_BYTES = 16 * 1024 * 1024;

/** Something that waits its turn. */
export interface Waiting {
  /** Bytes of memory that it takes. */
  readonly bytes: number;
}

/** Lets so many tasks run at a time. A few more wait in the order in which they came, and the rest is turned away. */
export class ShadowLane<T extends Waiting> {
  /** Most tasks at a time. Those under way end even where it becomes smaller. */
  concurrency: number;
  readonly #run: (task: T) => Promise<void>;
  #waiting: T[] = [];
  #bytes = 0;
  #underWay = 0;
  #isDue = false;

  /** @param run never rejects */
  constructor(concurrency: number, run: (task: T) => Promise<void>) {
    this.concurrency = concurrency;
    this.#run = run;
  }

  /** @returns false when too much waits already */
  add(task: T): boolean {
    if (this.#waiting.length >= MOST_WAITING || this.#bytes + task.bytes > MOST_BYTES) return false;
    this.#waiting.push(task);
    this.#bytes += task.bytes;
    if (!this.#isDue && this.#underWay < this.concurrency) {
      this.#isDue = true;
      setTimeout(() => this.#begin()); // a turn later: the client's answer leaves first
    }
    return true;
  }

  /** Turns away what waits. @returns how much that was */
  clear(): number {
    const dropped = this.#waiting.length;
    this.#waiting = [];
    this.#bytes = 0;
    return dropped;
  }

  #begin(): void {
    this.#isDue = false;
    while (this.#underWay < this.concurrency) {
      const task = this.#waiting.shift();
      if (task === undefined) return;
      this.#bytes -= task.bytes;
      this.#underWay++;
      void this.#run(task).finally(() => {
        this.#underWay--;
        this.#begin();
      });
    }
  }
}
