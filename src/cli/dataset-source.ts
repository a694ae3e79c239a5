import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { type CardSource, FileSum } from "../datasets/card.ts";
import { readLines } from "../datasets/read.ts";
import { readCaptures, readFileRows } from "../datasets/read-rows.ts";
import type { Row } from "../datasets/row.ts";
import type { StepOutcome } from "../datasets/step.ts";
import type { Table, Variant } from "../domain/table.ts";
import { openStore } from "../store/open.ts";
import type { Store } from "../store/store.ts";
import type { BuildOptions } from "./dataset-build-options.ts";
import { DatasetError } from "./dataset-folder.ts";

export interface Source {
  readonly rows: StepOutcome<Row>;
  readonly card: CardSource;
}

/** The rows of a file, or of the store's captures. @throws StoreError, DatasetError where there is no store, Error where there is no such file */
export async function readSource(
  options: BuildOptions,
  table: Table,
  variant: Variant | undefined,
): Promise<Source> {
  return options.input === undefined ? readStore(options, table, variant) : readInput(options.input, variant);
}

async function readInput(path: string, variant: Variant | undefined): Promise<Source> {
  const sum = new FileSum();
  // A file's system messages are meant to be there, unless the variant that is to be trained gets none.
  const rows = await readFileRows(readLines(summed(createReadStream(path), sum)), variant?.bare ?? "keep");
  const { sha256 } = sum.end(path, rows.rows.length);
  return { rows, card: { kind: "file", file: basename(path), sha256 } };
}

async function* summed(pieces: AsyncIterable<Uint8Array>, sum: FileSum): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    sum.add(piece);
    yield piece;
  }
}

async function readStore(options: BuildOptions, table: Table, variant: Variant | undefined): Promise<Source> {
  const { filter, groupBy, shownFilters, store: given } = options;
  const url = given ?? table.store?.url;
  if (url === undefined) throw new DatasetError("the configuration has no store: give one by --store");
  const store = await openStore(url, { make: false });
  try {
    const rows = await readCaptures(store, filter, {
      bare: variant?.bare ?? "strip-system",
      groupBy,
      ratedBy: filter.feedback?.name,
    });
    if (rows.report.kept + rows.report.removed === 0)
      throw new DatasetError(await nothingFound(store, options, table));
    return { rows, card: { kind: "captures", filters: shownFilters } };
  } finally {
    await store.close();
  }
}

/** Why there is no capture to read, in words. */
async function nothingFound(
  store: Store,
  { filter: { route }, shownFilters }: BuildOptions,
  { routes }: Table,
): Promise<string> {
  if (await hasCaptures(store, route)) {
    const given = Object.entries(shownFilters).map(([name, value]) =>
      value === true ? `--${name}` : `--${name} ${value}`,
    );
    return `no capture matches: ${given.join(" ")}, with its texts and a good answer`;
  }
  const { captures } = await store.page({}, { limit: 100, order: "newest" });
  const known = new Set([...routes.keys(), ...captures.map((capture) => capture.route)]);
  const captured: string[] = [];
  for (const name of known) if (await hasCaptures(store, name)) captured.push(name);
  const others =
    captured.length === 0 ? "The store has no captures" : `There are some of ${captured.join(", ")}`;
  return `there is no capture of the route ${route}. ${others}`;
}

async function hasCaptures(store: Store, route: string | undefined): Promise<boolean> {
  return (await store.page({ route }, { limit: 1, order: "newest" })).captures.length > 0;
}
