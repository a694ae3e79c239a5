const BAR = 24;

/** Where progress is shown: standard error, so that standard output holds results alone. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** @param share what is done, from 0 to 1 */
export function progressBar(share: number): string {
  const filled = Math.floor(Math.min(1, Math.max(0, share)) * BAR);
  return `[${"#".repeat(filled).padEnd(BAR, ".")}]`;
}

/** How far some work is: a bar on a terminal, elsewhere a line each tenth of the way. */
export class Progress {
  readonly #output: ProgressOutput;
  readonly #what: string;
  readonly #total: number;
  #done = 0;
  #errors = 0;

  /** @param what is counted, in the plural */
  constructor(output: ProgressOutput, what: string, total: number) {
    this.#output = output;
    this.#what = what;
    this.#total = total;
    if (output.isTTY) this.#draw();
  }

  /** One more is done. @param errors of it */
  step(errors: number): void {
    this.#done++;
    this.#errors += errors;
    if (this.#output.isTTY) this.#draw();
    else if (this.#tenths(this.#done) > this.#tenths(this.#done - 1))
      this.#output.write(`${this.#counts()}\n`);
  }

  /** Makes room for what comes next. */
  end(): void {
    if (this.#output.isTTY) this.#output.write("\n");
  }

  #draw(): void {
    const share = this.#total === 0 ? 1 : this.#done / this.#total;
    this.#output.write(`\r${progressBar(share)} ${this.#counts()}\u001b[K`);
  }

  #counts(): string {
    const errors = this.#errors === 0 ? "" : `, ${this.#errors} ${this.#errors === 1 ? "error" : "errors"}`;
    return `${this.#done} of ${this.#total} ${this.#what}${errors}`;
  }

  #tenths(done: number): number {
    return Math.floor((done / this.#total) * 10);
  }
}
