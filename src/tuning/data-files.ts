import { createHash } from "node:crypto";
import { marked, unmarked } from "../datasets/byte-order-mark.ts";
import type { Format } from "../datasets/format.ts";
import { readLines } from "../datasets/read.ts";
import { type DatasetReport, validate } from "../datasets/validate.ts";
import { CODES } from "../datasets/validate-codes.ts";
import { badRequest, type GatewayError } from "../domain/errors.ts";
import type { TuningAccess } from "../domain/tuning.ts";
import type { JobFile } from "./job.ts";
import type { DataSource, JobFolders } from "./job-folders.ts";
import { unhurried } from "./unhurried.ts";

/** A file of a data set that may be trained on. */
export interface CheckedFile {
  readonly file: JobFile;
  readonly report: DatasetReport;
}

export interface Check {
  readonly part: "training" | "validation";
  readonly model: string;
  readonly api: TuningAccess["api"];
  /** The training file's report, for the validation file. */
  readonly training?: DatasetReport;
}

/** Azure reads files with a byte-order mark alone. A data set has none: its copy for the job gets one. */
export function needsMark(api: TuningAccess["api"]): boolean {
  return api === "azure";
}

/**
 * The file as the job will have it.
 * @throws GatewayError 400 for a file that can't be read, and for one with errors, whose lines it tells and not their texts
 */
export async function checkedFile(
  source: DataSource,
  folders: Pick<JobFolders, "read">,
  { part, model, api, training }: Check,
): Promise<CheckedFile> {
  const hash = createHash("sha256");
  const name = source.kind === "file" ? source.name : undefined;
  const report = await readable({ part, name }, async () => {
    const { hadMark, content } = await unmarked(folders.read(source));
    const read = hashed(content, hash);
    return validate(unhurried(readLines(hadMark || needsMark(api) ? marked(read) : read)), {
      format: formatFor(api),
      model,
      ...(training === undefined ? {} : { training }),
    });
  });
  if (!report.valid) throw invalid({ part, name }, report);
  const file: JobFile = {
    name: part === "training" ? "train.jsonl" : "validation.jsonl",
    rows: report.rows,
    bytes: report.bytes,
    tokens: report.tokens.reduce((sum, count) => sum + count, 0),
    sha256: hash.digest("hex"),
  };
  return { file, report };
}

/** Rows of the validation file that the training file has not: the others would measure memory. @param report on the validation file */
export function comparableRows({ rows, counts }: DatasetReport): number {
  return rows - (counts.leaked_row ?? 0);
}

/** SHA-256 of a file without its byte-order mark, 64 hexadecimal digits: with and without one the data is the same. */
export async function hashOf(file: Blob): Promise<string> {
  const hash = createHash("sha256");
  const { content } = await unmarked(file.stream());
  for await (const piece of content) hash.update(piece);
  return hash.digest("hex");
}

/** Bytes that are hashed at a time: a text comes in one piece, however long. */
const PIECE = 65_536;

async function* hashed(
  pieces: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  for await (const whole of pieces)
    for (let from = 0; from < whole.length; from += PIECE) {
      const piece = whole.subarray(from, from + PIECE);
      hash.update(piece);
      yield piece;
    }
}

/** A set that was built for OpenAI is one that TRL reads too. */
function formatFor(api: TuningAccess["api"]): Format {
  switch (api) {
    case "openai":
      return "openai";
    case "azure":
      return "azure";
    case "huggingface":
      return "trl-messages";
  }
}

/** How a file is told of. */
interface Told {
  readonly part: Check["part"];
  /** What whoever gave it calls it. */
  readonly name: string | undefined;
}

async function readable<T>({ part, name }: Told, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (typeof code !== "string") throw error;
    const why = code === "ENOENT" ? ": there is no such file" : ` (${code})`;
    throw badRequest("dataset_unreadable", `${name ?? `The ${part} file`} can't be read${why}.`, part);
  }
}

/** Problems that an error tells; more are counted. */
const TOLD = 5;

function invalid({ part, name }: Told, { problems, errors }: DatasetReport): GatewayError {
  const told = problems.filter(({ level }) => level === "error").slice(0, TOLD);
  const lines = told.map(
    ({ line, code }) => `${line === null ? "the file" : `line ${line}`}: ${code}. ${CODES[code].meaning}`,
  );
  const count = `${errors} ${errors === 1 ? "error" : "errors"}`;
  const more = errors > told.length ? "\n..." : "";
  return badRequest(
    "invalid_dataset",
    `${name ?? `The ${part} file`} has ${count}; \`crossover dataset validate${name === undefined ? "" : ` ${inShell(name)}`}\` shows all.\n${lines.join("\n")}${more}`,
    part,
  );
}

/** As one word of a command. */
function inShell(name: string): string {
  return /^[\w./:-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}
