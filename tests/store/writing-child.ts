/** Writes batches of 20 captures and tells the last id of each once it is stored: `writing-child.ts URL NAME BATCHES`. */
import { openStore } from "../../src/store/open.ts";
import { batch, capture } from "./samples.ts";

const [, , url = "", name = "", batches = ""] = process.argv;
const store = await openStore(url);
for (let i = 0; i < Number(batches); i++) {
  const captures = Array.from({ length: 20 }, (_, j) => capture(`${name}-${i}-${j}`, { at: i, key: name }));
  await store.write(batch({ captures }));
  process.stdout.write(`${name}-${i}-19\n`);
}
await store.close();
