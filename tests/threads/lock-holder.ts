import { DatabaseSync } from "node:sqlite";

/** A second process that holds the write lock of a file until it is killed. */
const database = new DatabaseSync(process.argv[2] ?? "");
database.exec("begin immediate");
process.stdout.write("locked\n");
setInterval(() => {}, 1000);
