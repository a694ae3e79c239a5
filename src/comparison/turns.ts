/** Lets so many tasks run at a time; the others wait in the order in which they came. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#free = most;
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

/**
 * The results of all items in their order, with so many under way at a time.
 * @throws what the first task throws; then no further one begins
 */
export async function mapBounded<In, Out>(
  items: readonly In[],
  most: number,
  task: (item: In, index: number) => Promise<Out>,
): Promise<Out[]> {
  const results = new Map<number, Out>();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) results.set(index, await task(item, index));
    }
  };
  try {
    await Promise.all(Array.from({ length: most }, worker));
  } finally {
    next = items.length;
  }
  return [...results].toSorted(([a], [b]) => a - b).map(([, result]) => result);
}
