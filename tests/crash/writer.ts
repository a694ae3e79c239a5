import { storeInThreads } from "../threads/real-threads.ts";
import { numbered } from "./numbered.ts";

/** Writes batches, of which two wait at a time, and tells the number of each that is committed, until it is killed. */
const [, , url = "", first = "0"] = process.argv;
const { store } = storeInThreads(url);
let next = Number(first);

async function write(): Promise<never> {
  for (;;) {
    const number = next++;
    await store.write(numbered(number));
    process.stdout.write(`${number}\n`);
  }
}

await Promise.all([write(), write()]);
