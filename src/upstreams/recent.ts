/** For how long something counts as recent, in seconds. */
export const RECENT_SECONDS = 10;

/** How many of the recent events were of one kind, by the second; its memory does not grow. */
export class Recent {
  /** Which second each place holds, and its counts. */
  readonly #seconds = new Array<number>(RECENT_SECONDS).fill(Number.NEGATIVE_INFINITY);
  readonly #all = new Array<number>(RECENT_SECONDS).fill(0);
  readonly #some = new Array<number>(RECENT_SECONDS).fill(0);

  /** @param now milliseconds on a clock that never jumps */
  add(now: number, all: number, some: number): void {
    const second = Math.floor(now / 1000);
    const place = second % RECENT_SECONDS;
    if (this.#seconds[place] !== second) {
      this.#seconds[place] = second;
      this.#all[place] = 0;
      this.#some[place] = 0;
    }
    this.#all[place] = (this.#all[place] ?? 0) + all;
    this.#some[place] = (this.#some[place] ?? 0) + some;
  }

  /** The sums of the last ten seconds, the current one included. */
  read(now: number): { readonly all: number; readonly some: number } {
    const oldest = Math.floor(now / 1000) - RECENT_SECONDS;
    let all = 0;
    let some = 0;
    for (let place = 0; place < RECENT_SECONDS; place++) {
      if ((this.#seconds[place] ?? 0) <= oldest) continue;
      all += this.#all[place] ?? 0;
      some += this.#some[place] ?? 0;
    }
    return { all, some };
  }

  clear(): void {
    this.#seconds.fill(Number.NEGATIVE_INFINITY);
  }
}
