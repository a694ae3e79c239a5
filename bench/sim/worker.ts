import { parentPort } from "node:worker_threads";
import { type Done, task } from "./pool.ts";
import { Random } from "./random.ts";
import type { Figures } from "./scenario.ts";
import { scenarioOf } from "./sections.ts";

// Does what `pool.ts` sends: some runs of a scenario at a time.
parentPort?.on("message", (message) => {
  const { scenario, from, to } = task.parse(message);
  const { name, run } = scenarioOf(scenario);
  const startedAt = performance.now();
  const figures: Figures[] = [];
  for (let i = from; i < to; i++) figures.push(run(new Random(name, i)));
  const answer: Done = { figures: [...figures], ms: performance.now() - startedAt };
  parentPort?.postMessage(answer);
});
