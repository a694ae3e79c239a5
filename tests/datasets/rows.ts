import { type ExampleOptions, toExample } from "../../src/datasets/from-capture.ts";
import { type KeyedRow, keyed } from "../../src/datasets/keyed-row.ts";
import type { Row } from "../../src/datasets/row.ts";
import { captured, type Said } from "./captures.ts";

export const OPTIONS: ExampleOptions = {
  bare: "strip-system",
  groupBy: { by: "user" },
  ratedBy: undefined,
  params: {},
};

/** The row of a capture. */
export function rowOf(said: Said = {}, options: Partial<ExampleOptions> = {}): Row {
  const row = toExample(captured(said), { ...OPTIONS, ...options });
  if (typeof row === "string") throw new Error(row);
  return row;
}

/** Rows of captures, one after the other in time. */
export function rowsOf(said: readonly Said[]): readonly Row[] {
  return said.map((one, index) => rowOf({ id: `req-${String(index).padStart(3, "0")}`, at: index, ...one }));
}

export function keyedRows(said: readonly Said[]): readonly KeyedRow[] {
  return rowsOf(said).map(keyed);
}

export function idsOf(rows: readonly Row[]): readonly string[] {
  return rows.map(({ id }) => id);
}
