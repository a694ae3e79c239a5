/** So long items are worked on before others get their turn, in milliseconds. */
const TURN_MS = 2;

/** The same items, with turns for others in between: a long file is read while requests are answered. */
export async function* unhurried<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  let began = performance.now();
  for await (const item of items) {
    yield item;
    if (performance.now() - began < TURN_MS) continue;
    await new Promise((resolve) => setImmediate(resolve));
    began = performance.now();
  }
}
