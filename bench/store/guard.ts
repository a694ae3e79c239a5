import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { median } from "../statistics.ts";
import { fill } from "./fill.ts";
import { openThreads } from "./open.ts";
import { Traffic } from "./traffic.ts";

const CAPTURES = 20_000;
const AT_ONCE = 100;

/**
 * CPU time that the store's thread takes for a capture, times what bare inserts of the same bytes into SQLite take: redacting,
 * streams, the search and the indexes are in it, and the speed of the machine is not.
 */
export async function storeTimesPlain(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "crossover-bench-guard-"));
  try {
    const traffic = new Traffic(CAPTURES);
    const plain = plainMicros(join(folder, "plain.db"), traffic);
    const store = openThreads(`file:${join(folder, "crossover.db")}`);
    const { cpuMicros } = await fill(store, traffic, CAPTURES, undefined);
    await store.close();
    return median(cpuMicros) / plain;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function plainMicros(file: string, traffic: Traffic): number {
  const database = new DatabaseSync(file);
  database.exec("pragma journal_mode = wal; pragma synchronous = normal");
  database.exec("create table plain (id text primary key, facts text, request text, answer text)");
  const insert = database.prepare("insert into plain values (?, ?, ?, ?)");
  let cpuMicros = 0;
  for (let from = 0; from < CAPTURES; from += AT_ONCE) {
    const rows = Array.from({ length: AT_ONCE }, (_, place) => {
      const { facts, content } = traffic.capture(from + place);
      return [facts.id, JSON.stringify(facts), content?.request ?? "", content?.answer?.text ?? ""] as const;
    });
    const before = process.threadCpuUsage();
    database.exec("begin");
    for (const row of rows) insert.run(...row);
    database.exec("commit");
    const { user, system } = process.threadCpuUsage(before);
    cpuMicros += user + system;
  }
  database.close();
  return cpuMicros / CAPTURES;
}
