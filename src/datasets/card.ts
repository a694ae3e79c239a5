import { createHash } from "node:crypto";
import { sha256 } from "../keys/secret.ts";
import { VERSION } from "../version.ts";
import { type Classes, classesOf, labelOf } from "./balance.ts";
import { type Estimate, type TokenStats, tokenStats } from "./estimate.ts";
import type { Example } from "./example.ts";
import type { Format } from "./format.ts";
import type { KeyedRow } from "./keyed-row.ts";
import type { Split, SplitReport } from "./split.ts";
import type { StepReport } from "./step.ts";

/** Where the rows were taken from, as the user said it. */
export type CardSource =
  | { readonly kind: "captures"; readonly filters: Readonly<Record<string, string | boolean>> }
  | { readonly kind: "file"; readonly file: string; readonly sha256: string };

export interface CardFile {
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** Everything that is to be known of a data set beside its rows. The same rows and options give the same card. */
export interface Card {
  readonly tool: string;
  readonly format: Format;
  readonly model: string;
  readonly source: CardSource;
  readonly options: Readonly<Record<string, string | number | boolean>>;
  readonly rows: { readonly train: number; readonly validation: number };
  /** How many rows of the set came from each. */
  readonly origins: Origins | undefined;
  /** Rows in which a reviewer's correction stands in place of the answer. */
  readonly corrected: number;
  /** Rows whose answer the built-in simulator made up. */
  readonly simulated: number;
  /** Rows with earlier answers of the assistant. */
  readonly conversations: number;
  readonly cleaning: readonly StepReport[];
  readonly split: SplitReport & { readonly seed: string; readonly validation: number };
  readonly labels: { readonly train: Classes; readonly validation: Classes } | undefined;
  readonly tokens: { readonly train: TokenStats | undefined; readonly validation: TokenStats | undefined };
  readonly estimate: Estimate;
  readonly files: readonly CardFile[];
}

export interface Origins {
  readonly routes: Classes;
  readonly variants: Classes;
  readonly models: Classes;
  readonly promptVersions: Classes;
  /** The same by the names of the prompts, such as `support 1f0c9a`. */
  readonly prompts: Classes;
  /** ISO 8601. */
  readonly first: string;
  readonly last: string;
}

export interface CardInput
  extends Pick<Card, "format" | "model" | "source" | "options" | "cleaning" | "estimate"> {
  readonly split: Split;
  readonly seed: string;
  readonly validation: number;
  readonly tokensOf: (example: Example) => number;
  readonly files: readonly CardFile[];
}

export function cardOf(input: CardInput): Card {
  const { split, format, model, source, options, cleaning, estimate, files, tokensOf } = input;
  const { train, validation } = split;
  const all = [...train, ...validation];
  const classes = classesOf(all);
  const stats = (rows: readonly KeyedRow[]): TokenStats | undefined =>
    tokenStats(rows.map(({ example }) => tokensOf(example)));
  return {
    tool: `crossover ${VERSION}`,
    format,
    model,
    source,
    options,
    rows: { train: train.length, validation: validation.length },
    origins: originsOf(all),
    corrected: all.filter(({ corrected }) => corrected).length,
    simulated: all.filter(({ simulated }) => simulated).length,
    conversations: all.filter(({ example }) => isConversation(example)).length,
    cleaning,
    split: { ...split.report, seed: input.seed, validation: input.validation },
    labels: classes && { train: labelsOf(train, classes), validation: labelsOf(validation, classes) },
    tokens: { train: stats(train), validation: stats(validation) },
    estimate,
    files,
  };
}

function isConversation({ messages }: Example): boolean {
  return messages.slice(0, -1).some(({ role }) => role === "assistant");
}

function labelsOf(rows: readonly KeyedRow[], all: Classes): Classes {
  const own = new Map(Object.entries(countBy(rows, ({ example }) => labelOf(example) ?? "")));
  return Object.fromEntries(Object.keys(all).map((label) => [label, own.get(label) ?? 0]));
}

function originsOf(rows: readonly KeyedRow[]): Origins | undefined {
  const captured = rows.flatMap(({ source, at }) => (source === undefined ? [] : [{ ...source, at }]));
  if (captured.length === 0) return undefined;
  const times = captured.map(({ at }) => at);
  const time = (at: number): string => new Date(at).toISOString();
  return {
    routes: countBy(captured, ({ route }) => route),
    variants: countBy(captured, ({ variant }) => variant),
    models: countBy(captured, ({ model }) => model),
    promptVersions: countBy(captured, ({ promptVersion }) => promptVersion ?? "none"),
    prompts: countBy(captured, ({ prompt, promptVersion }) =>
      promptVersion === undefined ? "none" : `${prompt ?? ""} ${promptVersion}`.trim(),
    ),
    first: time(times.reduce((a, b) => Math.min(a, b))),
    last: time(times.reduce((a, b) => Math.max(a, b))),
  };
}

function countBy<T>(items: readonly T[], nameOf: (item: T) => string): Classes {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(nameOf(item), (counts.get(nameOf(item)) ?? 0) + 1);
  return Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The ids of the captures in the set, hashed, one a line: who knows an id can tell whether it is in here. */
export function captureHashes({ train, validation }: Split): readonly string[] {
  const ids = [...train, ...validation].flatMap(({ id, source }) =>
    source === undefined ? [] : [sha256(id)],
  );
  return ids.toSorted();
}

/** Counts and hashes a file that is read or written piece by piece. */
export class FileSum {
  readonly #hash = createHash("sha256");
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add(piece: string | Uint8Array): void {
    this.#hash.update(piece);
    this.#bytes += typeof piece === "string" ? Buffer.byteLength(piece) : piece.byteLength;
  }

  /** Ends the sum. */
  end(name: string, rows: number): CardFile {
    return { name, rows, bytes: this.#bytes, sha256: this.#hash.digest("hex") };
  }
}
