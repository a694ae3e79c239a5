import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import { convertRows } from "../datasets/convert.ts";
import { readLines } from "../datasets/read.ts";
import { UsageError } from "./error-text.ts";
import { plainLine } from "./plain-text.ts";

/** Reasons that are printed. */
const MOST_REASONS = 20;

/** `crossover dataset convert`. @returns the exit code */
export async function convert(args: readonly string[]): Promise<number> {
  const options = { out: { type: "string" }, force: { type: "boolean" } } as const;
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new UsageError("give one file to convert");
  const { out } = values;
  if (out !== undefined && resolve(out) === resolve(file))
    throw new UsageError("--out must be another file than the one to convert");
  if (out !== undefined && !values.force && existsSync(out))
    throw new UsageError(`${out} is there already: give --force to replace it`);
  let examples = 0;
  let failed = 0;
  async function* texts(): AsyncGenerator<string> {
    for await (const row of convertRows(readLines(createReadStream(file ?? "")))) {
      if ("reason" in row) {
        failed++;
        if (failed <= MOST_REASONS)
          process.stderr.write(`row ${row.line} can't be converted: ${plainLine(row.reason)}\n`);
        continue;
      }
      for (const example of row.examples) {
        examples++;
        yield `${JSON.stringify(example)}\n`;
      }
    }
  }
  if (out === undefined) await pipeline(texts, process.stdout, { end: false });
  else await pipeline(texts, createWriteStream(out));
  process.stderr.write(`${examples} examples written, ${failed} rows left out.\n`);
  return failed === 0 ? 0 : 1;
}
