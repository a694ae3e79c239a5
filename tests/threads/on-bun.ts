import { batch, capture } from "../store/samples.ts";
import { until } from "../support/until.ts";
import { PATIENT, storeInThreads } from "./real-threads.ts";

/** What a store in threads does on Bun, as JSON on standard output. */
const { store, threads, troubles } = storeInThreads(process.argv[2] ?? "", PATIENT);
await store.write(batch({ captures: [capture("a"), capture("b")] }));
const count = await store.count({});
threads[0]?.abandon();
await until(() => troubles.length === 2);
const refused = await store
  .page({}, { limit: 1, order: "newest", cursor: "no cursor" })
  .catch((error) => error);
const lost = storeInThreads("file:/dev/null/crossover.db").store;
lost.open();
await lost.settled;
const { name, temporary, invalid } = refused;
process.stdout.write(
  JSON.stringify({ count, restarted: troubles, refused: { name, temporary, invalid }, lost: lost.state }),
);
void store.write(batch({ captures: [capture("c")] }));
await Promise.all([store.close(), lost.close()]);
