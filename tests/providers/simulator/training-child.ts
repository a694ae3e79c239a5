import { begin, fileOf, QUERIES, tunerOn } from "./training.ts";

/** A process that trains a model in a folder. It writes the job's id, and with `stay` goes on until it is killed. */
const [dataDir = "", rows = "0", epochs = "1", stay] = process.argv.slice(2);
const job = await begin(tunerOn(dataDir), fileOf(QUERIES.slice(0, Number(rows))), {
  hyperparameters: { n_epochs: Number(epochs) },
});
console.log(job.id);
if (stay !== undefined) setInterval(() => {}, 60_000);
