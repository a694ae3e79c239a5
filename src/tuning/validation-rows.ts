import { rowFingerprint } from "../datasets/fingerprint.ts";
import { BOM, readLines } from "../datasets/read.ts";
import { unitOf } from "../domain/hash.ts";
import { parseObject } from "../domain/json.ts";
import { unhurried } from "./unhurried.ts";

type Example = Readonly<Record<string, unknown>>;

interface Drawn {
  readonly index: number;
  readonly rank: number;
  readonly row: Example;
}

/** Fingerprints of the rows of a training file that was validated before. */
export async function trainedRows(file: Blob): Promise<ReadonlySet<string>> {
  const trained = new Set<string>();
  for await (const text of rowsOf(file)) {
    const row = parseObject(text);
    if (row !== undefined) trained.add(rowFingerprint(row));
  }
  return trained;
}

/**
 * So many rows of a file that was validated before, in their order, drawn evenly: a file may be sorted. The same seed draws the
 * same. Holds twice as many at a time.
 * @param most from 1
 * @param trained fingerprints of rows that are left out: they would measure memory
 */
export async function sampledRows(
  file: Blob,
  most: number,
  seed: string,
  trained: ReadonlySet<string>,
): Promise<readonly Example[]> {
  let drawn: readonly Drawn[] = [];
  let waiting: Drawn[] = [];
  let index = 0;
  let limit = Number.POSITIVE_INFINITY;
  for await (const text of rowsOf(file)) {
    const rank = unitOf(`${seed}\n${index}`);
    const row = rank < limit ? parseObject(text) : undefined;
    if (row !== undefined && !trained.has(rowFingerprint(row))) waiting.push({ index, rank, row });
    index++;
    if (waiting.length < most) continue;
    drawn = lowest([...drawn, ...waiting], most);
    limit = drawn.at(-1)?.rank ?? limit;
    waiting = [];
  }
  return lowest([...drawn, ...waiting], most)
    .toSorted((a, b) => a.index - b.index)
    .map(({ row }) => row);
}

/** Its lines that are not blank, without a byte-order mark. */
async function* rowsOf(file: Blob): AsyncGenerator<string> {
  for await (const { text: line, number } of unhurried(readLines(file.stream()))) {
    const text = number === 1 ? line?.replace(BOM, "") : line;
    if (text !== undefined && text.trim() !== "") yield text;
  }
}

/** Of equal ranks the first. */
function lowest(all: readonly Drawn[], most: number): readonly Drawn[] {
  return all.toSorted((a, b) => a.rank - b.rank).slice(0, most);
}
