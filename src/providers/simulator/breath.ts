/** Most time at a stretch that work takes from everybody else, in milliseconds. */
const STRETCH_MS = 4;

/** Lets others have their turn during long work, which does not keep a process alive that has nothing else to do. */
export class Breath {
  #since = performance.now();

  /** To be awaited between two pieces of work: it gives way once enough time has gone by. */
  async take(): Promise<void> {
    if (performance.now() - this.#since < STRETCH_MS) return;
    await new Promise<void>((resolve) => {
      setTimeout(resolve, 0).unref?.(); // Workers' timers have none
    });
    this.#since = performance.now();
  }
}
