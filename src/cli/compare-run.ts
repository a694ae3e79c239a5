import { Comparison, type Query } from "../comparison/compare.ts";
import type { RowDocument } from "../comparison/document.ts";
import type { Table, Variant } from "../domain/table.ts";
import { Gateway } from "../gateway/gateway.ts";
import { Metrics } from "../metrics/metrics.ts";
import { UndiciTransport } from "../transport/undici.ts";
import { VERSION } from "../version.ts";
import { Notes } from "./notes.ts";
import { Progress } from "./progress.ts";

export interface Work {
  readonly table: Table;
  readonly route: string | undefined;
  readonly variants: readonly Variant[];
  readonly queries: readonly Query[];
  /** Most calls at a time. */
  readonly concurrency: number;
  readonly judging: boolean;
}

export interface Done {
  /** What has come, in the order of the queries, each row with its query. */
  readonly results: readonly { readonly query: Query; readonly row: RowDocument }[];
  readonly interrupted: boolean;
}

/** Compares with a gateway that does not listen, and shows how far it is. SIGINT ends the calls under way. */
export async function runComparison(work: Work): Promise<Done> {
  const { table, queries, variants, concurrency } = work;
  const transport = new UndiciTransport();
  const notes = new Notes();
  const gateway = new Gateway({
    table,
    transport,
    metrics: new Metrics({ version: VERSION, runtime: `node ${process.versions.node}` }),
    log: notes.log,
  });
  const controller = new AbortController();
  const stop = (): void => controller.abort(new Interruption());
  process.once("SIGINT", stop);
  const progress = new Progress(process.stderr, "queries", queries.length);
  const rows = new Map<number, RowDocument>();
  try {
    const tools = gateway.comparisonTools(work.route ?? "none", work.judging);
    await new Comparison({ variants, tools, concurrency }).set(queries, controller.signal, (row, index) => {
      rows.set(index, row);
      progress.step(row.results.filter(({ error }) => error !== null).length);
    });
  } catch (error) {
    if (!(error instanceof Interruption)) throw error;
  } finally {
    process.removeListener("SIGINT", stop);
    progress.end();
    await transport.close();
  }
  notes.tell(process.stderr);
  const results = queries.flatMap((query, index) => {
    const row = rows.get(index);
    return row === undefined ? [] : [{ query, row }];
  });
  return { results, interrupted: controller.signal.aborted };
}

class Interruption extends Error {
  override readonly name = "Interruption";
}
