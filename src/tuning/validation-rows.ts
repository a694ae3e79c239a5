import { BOM, readLines } from "../datasets/read.ts";
import { unitOf } from "../domain/hash.ts";
import { parseObject } from "../domain/json.ts";
import { unhurried } from "./unhurried.ts";

type Example = Readonly<Record<string, unknown>>;

interface Drawn {
  readonly index: number;
  readonly rank: number;
  readonly text: string;
}

/**
 * So many rows of a file that was validated before, in their order, drawn evenly: a file may be sorted. The same seed draws the
 * same. Holds twice as many at a time.
 * @param most from 1
 */
export async function sampledRows(file: Blob, most: number, seed: string): Promise<readonly Example[]> {
  let drawn: readonly Drawn[] = [];
  let waiting: Drawn[] = [];
  let index = 0;
  let limit = Number.POSITIVE_INFINITY;
  for await (const { text: line, number } of unhurried(readLines(file.stream()))) {
    const text = number === 1 ? line?.replace(BOM, "") : line;
    if (text === undefined || text.trim() === "") continue;
    const rank = unitOf(`${seed}\n${index}`);
    if (rank < limit) waiting.push({ index, rank, text });
    index++;
    if (waiting.length < most) continue;
    drawn = lowest([...drawn, ...waiting], most);
    limit = drawn.at(-1)?.rank ?? limit;
    waiting = [];
  }
  return lowest([...drawn, ...waiting], most)
    .toSorted((a, b) => a.index - b.index)
    .flatMap(({ text }): readonly Example[] => {
      const row = parseObject(text);
      return row === undefined ? [] : [row];
    });
}

/** Of equal ranks the first. */
function lowest(all: readonly Drawn[], most: number): readonly Drawn[] {
  return all.toSorted((a, b) => a.rank - b.rank).slice(0, most);
}
