import { createReadStream, createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import { readLines } from "../datasets/read.ts";
import { loadFromDisk } from "../load-from-disk.ts";
import { type OpenOptions, openStore } from "../store/open.ts";
import type { Store } from "../store/store.ts";
import { exportStore, importStore, KINDS, type Transferred } from "../store/transfer.ts";
import { UsageError } from "./error-text.ts";
import { configPathOf } from "./main.ts";
import { storeUrl } from "./store-url.ts";

const PROGRESS_EVERY_MS = 500;

/** `crossover captures export` */
export async function exportCaptures(args: readonly string[]): Promise<void> {
  const [file = "-"] = filesIn(args);
  await withStoreOf(args, { make: false }, async (store) => {
    let wrote = "";
    const noting = noted(exportStore(store), (counts) => {
      wrote = told(counts);
    });
    const lines = Readable.from(withLineFeeds(counted(noting, "exported")));
    if (file === "-") return pipeline(lines, process.stdout, { end: false });
    const target = await newFile(file);
    await pipeline(lines, target).catch(async (error: unknown) => {
      await rm(file); // a part would pass for the whole
      throw error;
    });
    process.stderr.write(`Wrote ${file}: ${wrote}.\n`);
  });
}

/** `crossover captures import` */
export async function importCaptures(args: readonly string[]): Promise<void> {
  const [file] = filesIn(args);
  if (file === undefined) throw new UsageError("give the file of an export, or - for standard input");
  const source = file === "-" ? process.stdin : createReadStream(file);
  const { added, there } = await withStoreOf(args, { make: true }, (store) =>
    importStore(store, counted(linesOf(source), "read")),
  );
  process.stdout.write(`Added: ${told(added, there)}.\n`);
}

const OPTIONS = { config: { type: "string", short: "c" }, store: { type: "string" } } as const;

function filesIn(args: readonly string[]): readonly string[] {
  const { positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
  if (positionals.length > 1) throw new UsageError("give one file, or - for none");
  return positionals;
}

async function withStoreOf<T>(
  args: readonly string[],
  options: OpenOptions,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const { values } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
  const url = values.store ?? storeUrl(loadFromDisk(configPathOf(args, process.env), process.env));
  const store = await openStore(url, options);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** A file for its owner alone, as what is in it is private. @throws UsageError when it is there already */
function newFile(file: string): Promise<Writable> {
  return new Promise((resolve, reject) => {
    const stream = createWriteStream(file, { flags: "wx", mode: 0o600 });
    stream.once("open", () => resolve(stream));
    stream.once("error", (error) =>
      reject("code" in error && error.code === "EEXIST" ? new UsageError(`${file} is there already`) : error),
    );
  });
}

/** The same lines; tells at their end what they were. */
async function* noted(
  lines: AsyncGenerator<string, Transferred>,
  tell: (counts: Transferred) => void,
): AsyncGenerator<string> {
  tell(yield* lines);
}

async function* withLineFeeds(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}

/** A line that is not UTF-8 becomes one that is no JSON, which the import tells of. */
async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  for await (const { text } of readLines(pieces)) yield text ?? "\ufffd";
}

/** Tells on a terminal how many lines have passed. */
async function* counted(lines: AsyncIterable<string>, what: string): AsyncGenerator<string> {
  const { stderr } = process;
  let count = 0;
  const show = (): boolean => stderr.write(`\r${count.toLocaleString("en-US")} lines ${what} `);
  const timer = stderr.isTTY ? setInterval(show, PROGRESS_EVERY_MS) : undefined;
  try {
    for await (const line of lines) {
      count++;
      yield line;
    }
  } finally {
    clearInterval(timer);
    if (stderr.isTTY) stderr.write(`\r${count.toLocaleString("en-US")} lines ${what}\n`);
  }
}

function told(counts: Transferred, there?: Transferred): string {
  return KINDS.map((kind) => {
    const before = there?.[kind] ?? 0;
    return `${kind} ${counts[kind]}${before === 0 ? "" : ` (${before} ${before === 1 ? "was" : "were"} there)`}`;
  }).join(", ");
}
