/** Appends to a run's log and tells the id of each entry once it is stored: `appending-child.ts URL RUN NAME`. */
import { setTimeout } from "node:timers/promises";
import { openStore } from "../../src/store/open.ts";
import { StoreError } from "../../src/store/store.ts";

const [, , url = "", run = "", name = ""] = process.argv;
const store = await openStore(url);
let after = 0;
for (let n = 0; ; n++) {
  const id = `${name}-${n}`;
  after = await append(id);
  process.stdout.write(`${id}\n`);
  // As gateways do, each of which leaves the store to the others for a while: a writer without a pause keeps them out.
  await setTimeout(5);
}

/** However often it takes, as the store may be locked. @returns the last entry that is known then */
async function append(id: string): Promise<number> {
  for (;;) {
    try {
      const { entries } = await store.appendObservations(run, id, id, after);
      return entries.at(-1)?.seq ?? after;
    } catch (error) {
      if (!(error instanceof StoreError && error.temporary)) throw error;
    }
  }
}
