import { z } from "zod";

const answer = z.object({ id: z.number(), result: z.record(z.string(), z.unknown()) });
const heap = z.object({ usedSize: z.number(), backingStorageSize: z.number().default(0) });

const SETTLING = 10;

/** Asks Node's inspector how much memory lives. What is garbage is collected first, so that two figures can be compared. */
export class Inspector {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #calls = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const { success, data: message } = answer.safeParse(JSON.parse(String(data)));
      if (!success) return;
      this.#waiting.get(message.id)?.(message.result);
      this.#waiting.delete(message.id);
    });
  }

  static async connect(url: string): Promise<Inspector> {
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", () => reject(new Error("the inspector does not answer")));
    });
    return new Inspector(socket);
  }

  /** Bytes of JavaScript's objects and of the buffers that they hold. */
  async liveBytes(): Promise<number> {
    await this.#call("HeapProfiler.collectGarbage");
    const { usedSize, backingStorageSize } = heap.parse(await this.#call("Runtime.getHeapUsage"));
    return usedSize + backingStorageSize;
  }

  /** The same once code that nothing runs any more is gone too, which takes several collections. */
  async settledBytes(): Promise<number> {
    for (let turn = 1; turn < SETTLING; turn++) await this.#call("HeapProfiler.collectGarbage");
    return this.liveBytes();
  }

  close(): void {
    this.#socket.close();
  }

  #call(method: string): Promise<unknown> {
    this.#calls++;
    const id = this.#calls;
    this.#socket.send(JSON.stringify({ id, method }));
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }
}

export interface Point {
  readonly seconds: number;
  readonly value: number;
}

/** Growth a second by least squares; 0 for fewer than two points. */
export function slopeOf(points: readonly Point[]): number {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const meanSeconds = mean(points.map(({ seconds }) => seconds));
  const meanValue = mean(points.map(({ value }) => value));
  const spread = points.reduce((sum, { seconds }) => sum + (seconds - meanSeconds) ** 2, 0);
  if (spread === 0) return 0;
  return (
    points.reduce((sum, { seconds, value }) => sum + (seconds - meanSeconds) * (value - meanValue), 0) /
    spread
  );
}
