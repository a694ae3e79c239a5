import { exportStore } from "../../src/store/transfer.ts";
import type { ThreadedStore } from "../../src/threads/threaded-store.ts";
import { quantile } from "../statistics.ts";
import { BEGAN_AT, DAYS, type Traffic, userOf } from "./traffic.ts";

export interface ChangeFigures {
  readonly name: string;
  readonly seconds: number;
  readonly told: string;
}

const EXPORTED = 100_000;
const DAY_MS = 86_400_000;

/** Longest that a write of one capture takes, every 20 ms, while something goes on in the same thread. */
async function whileWriting<T>(
  store: ThreadedStore,
  traffic: Traffic,
  from: number,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly waits: readonly number[] }> {
  const waits: number[] = [];
  let done = false;
  const writing = (async () => {
    for (let number = from; !done; number++) {
      const raw = traffic.capture(number);
      const beganAt = performance.now();
      await store.capture({ captures: [raw], usage: [] });
      waits.push(performance.now() - beganAt);
      await new Promise((next) => setTimeout(next, 20));
    }
  })();
  try {
    return { result: await work(), waits };
  } finally {
    done = true;
    await writing;
  }
}

/** What goes through much of a store: an export, retention, deletions. Changes it. */
export async function measureChanges(
  store: ThreadedStore,
  traffic: Traffic,
  captures: number,
): Promise<readonly ChangeFigures[]> {
  const figures: ChangeFigures[] = [];
  const timed = async (name: string, work: () => Promise<string>): Promise<void> => {
    process.stderr.write(`change: ${name}\n`);
    const beganAt = performance.now();
    const told = await work();
    figures.push({ name, seconds: (performance.now() - beganAt) / 1000, told });
  };
  await timed("export of 100,000 captures", async () => {
    let [lines, bytes] = [0, 0];
    const to = BEGAN_AT + (EXPORTED / captures) * DAYS * DAY_MS;
    for await (const line of exportStore(store, { to })) {
      lines++;
      bytes += line.length;
    }
    return `${lines.toLocaleString("en")} lines, ${(bytes / 2 ** 20).toFixed(0)} MiB`;
  });
  for (const user of [4711, 815])
    await timed(`delete by user, number ${user}`, async () => {
      const { result, waits } = await whileWriting(store, traffic, captures, () =>
        store.delete({ user: userOf(user) }),
      );
      return `${result.captures} captures; ${waited(waits)}`;
    });
  await timed("retention: the oldest tenth", async () => {
    const before = BEGAN_AT + (DAYS / 10) * DAY_MS;
    const { result, waits } = await whileWriting(store, traffic, captures + 100_000, () =>
      store.retain({ before, maxBytes: undefined }),
    );
    return `${result.toLocaleString("en")} captures; ${waited(waits)}`;
  });
  return figures;
}

function waited(waits: readonly number[]): string {
  return `writes waited ${quantile(waits, 0.5).toFixed(0)} ms, at most ${Math.max(...waits).toFixed(0)} ms`;
}
