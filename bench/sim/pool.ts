import { Worker } from "node:worker_threads";
import { z } from "zod";
import type { Figures } from "./scenario.ts";

/** Some of a scenario's runs, for a worker. */
export const task = z.object({ scenario: z.string(), from: z.number(), to: z.number() });
export type Task = z.infer<typeof task>;

const done = z.object({ figures: z.array(z.record(z.string(), z.number())), ms: z.number() });
export type Done = z.infer<typeof done>;

/** What has become of a task. */
export interface Finished {
  readonly task: Task;
  readonly figures: readonly Figures[];
  /** How long a worker was at it. */
  readonly ms: number;
}

/**
 * Has all tasks done by workers, of which each takes the next as soon as it has done one.
 * @throws Error of a worker
 */
export async function runTasks(
  tasks: readonly Task[],
  workers: number,
  onDone: (finished: Finished) => void,
): Promise<void> {
  const queue = [...tasks];
  await Promise.all(
    Array.from({ length: workers }, async () => {
      const worker = new Worker(new URL("./worker.ts", import.meta.url));
      try {
        for (let next = queue.shift(); next !== undefined; next = queue.shift())
          onDone({ task: next, ...(await ask(worker, next)) });
      } finally {
        await worker.terminate();
      }
    }),
  );
}

function ask(worker: Worker, next: Task): Promise<Done> {
  return new Promise((resolve, reject) => {
    worker.removeAllListeners();
    worker.once("message", (message) => resolve(done.parse(message)));
    worker.once("error", reject);
    worker.postMessage(next);
  });
}
