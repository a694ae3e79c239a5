import { BOM, readLines } from "../datasets/read.ts";
import { unitOf } from "../domain/hash.ts";
import { parseObject } from "../domain/json.ts";

type Example = Readonly<Record<string, unknown>>;

/** The rows of a file that was validated before. */
export async function readRowsOf(file: Blob): Promise<readonly Example[]> {
  const rows: Example[] = [];
  for await (const { text, number } of readLines(file.stream())) {
    const row = parseObject((number === 1 ? text?.replace(BOM, "") : text) ?? "");
    if (row !== undefined) rows.push(row);
  }
  return rows;
}

/** So many of them in their order, drawn evenly: a file may be sorted. The same seed draws the same. */
export function sampled<T>(rows: readonly T[], most: number, seed: string): readonly T[] {
  if (rows.length <= most) return rows;
  return rows
    .map((row, index) => ({ row, index, rank: unitOf(`${seed}\n${index}`) }))
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, most)
    .toSorted((a, b) => a.index - b.index)
    .map(({ row }) => row);
}
