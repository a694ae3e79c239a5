import { setTimeout as delay } from "node:timers/promises";
import { type LoadTarget, loadTarget, send } from "./client.ts";

// `node bench/load/paced.ts TARGET_A TARGET_B RATE SECONDS`: sends to A and B in turn at a fixed rate, whether
// answers come or not, and prints how long each took until its first content.
const [a = "", b = "", rate = "", seconds = ""] = process.argv.slice(2);
const targets = [a, b].map((target) => loadTarget.parse(JSON.parse(target)));
const everyMs = 1000 / Number(rate);
const WARM_UP_MS = 2000;

const taken: number[][] = targets.map(() => []);
const pending: Promise<void>[] = [];
const startedAt = performance.now();
for (let i = 0; i * everyMs < WARM_UP_MS + Number(seconds) * 1000; i++) {
  const dueIn = startedAt + i * everyMs - performance.now();
  if (dueIn > 0) await delay(dueIn);
  const side = i % 2;
  const target: LoadTarget | undefined = targets[side];
  if (target === undefined) continue;
  const counts = i * everyMs >= WARM_UP_MS;
  pending.push(
    send(target, '"content":"').then(({ firstMs }) => {
      if (counts) taken[side]?.push(firstMs);
    }),
  );
}
await Promise.all(pending);
process.stdout.write(`${JSON.stringify(taken)}\n`);
