import { type Card, type CardFile, captureHashes, cardOf } from "../datasets/card.ts";
import { readmeOf } from "../datasets/card-readme.ts";
import { type Cleaned, clean } from "../datasets/clean.ts";
import { estimate } from "../datasets/estimate.ts";
import type { Example } from "../datasets/example.ts";
import { leastExamples, mostBytes } from "../datasets/format.ts";
import type { KeyedRow } from "../datasets/keyed-row.ts";
import { type Split, splitRows } from "../datasets/split.ts";
import { exampleTokens, tokenizerFor } from "../datasets/tokens.ts";
import { tunableModel } from "../datasets/tunable-models.ts";
import { lineOf, startOf } from "../datasets/write-format.ts";
import type { Table, Variant } from "../domain/table.ts";
import { loadFromDisk } from "../load-from-disk.ts";
import { type BuildOptions, parseBuildOptions, shownOptions } from "./dataset-build-options.ts";
import { tellBuilt } from "./dataset-build-report.ts";
import { writeFolder } from "./dataset-folder.ts";
import { readSource, type Source } from "./dataset-source.ts";
import { UsageError } from "./error-text.ts";
import { configPathOf } from "./main.ts";

/** Where nobody says what is to be trained. */
const DEFAULT_MODEL = "gpt-4.1-mini";
/** Jaccard index from which two questions stay on one side where near duplicates are not looked for. */
const DEFAULT_NEAR = 0.9;

/** A set that is made, but not written yet. */
interface Made {
  readonly options: BuildOptions;
  readonly model: string;
  readonly maxTokens: number | undefined;
  readonly source: Source;
  readonly cleaned: Cleaned;
  readonly split: Split;
  readonly tokensOf: (example: Example) => number;
}

export async function build(args: readonly string[]): Promise<number> {
  const options = parseBuildOptions(args);
  const table = loadFromDisk(configPathOf(args, process.env), process.env);
  const variant = variantNamed(options.forVariant, table);
  const made = await make(options, table, variant);
  const problem = problemOf(made);
  const card = problem === undefined ? await writeSet(made) : describe(made, []);
  tellBuilt(card, options, problem);
  return problem === undefined ? 0 : 1;
}

function variantNamed(name: string | undefined, { variants }: Table): Variant | undefined {
  if (name === undefined) return undefined;
  const variant = variants.get(name);
  if (variant === undefined) throw new UsageError(`--for: there is no variant ${JSON.stringify(name)}`);
  if (variant.prompt !== undefined)
    throw new UsageError(`--for: the variant ${name} has a prompt, and a set is for the bare path`);
  return variant;
}

async function make(options: BuildOptions, table: Table, variant: Variant | undefined): Promise<Made> {
  const model = options.model ?? variant?.model.upstreamModel ?? DEFAULT_MODEL;
  const source = await readSource(options, table, variant);
  const tokensOf = await tokenCounter(model);
  const maxTokens = options.maxTokens ?? tunableModel(model)?.exampleLimit;
  const { redaction } = table;
  const cleaned = clean(source.rows, { ...options, maxTokens, redaction, tokensOf });
  const threshold = options.near ?? DEFAULT_NEAR;
  const split = splitRows(cleaned.rows, { ...options, threshold });
  return { options, model, maxTokens, source, cleaned, split, tokensOf };
}

/** Counts each example once. */
async function tokenCounter(model: string): Promise<(example: Example) => number> {
  const tokenizer = await tokenizerFor(model);
  const counted = new WeakMap<Example, number>();
  return (example) => {
    const { messages, ...row } = example;
    const count = counted.get(example) ?? exampleTokens(messages, row, tokenizer).total;
    counted.set(example, count);
    return count;
  };
}

/** Why the set can't be used for training. */
function problemOf({ split: { train, validation }, options: { format } }: Made): string | undefined {
  const least = leastExamples(format);
  if (train.length >= least) return undefined;
  const hint = train.length + validation.length >= least ? ". --validation 0 takes all to train" : "";
  return `${train.length} examples are left to train, and ${least} are needed: nothing was written${hint}`;
}

async function writeSet(made: Made): Promise<Card> {
  const { options, split } = made;
  let card = describe(made, []);
  await writeFolder(options.out, options.force, async (draft) => {
    const files: CardFile[] = [];
    const write = async (name: string, lines: Iterable<string>, start = ""): Promise<void> => {
      files.push(await draft.writeLines(name, lines, { start, mostBytes: mostBytes(options.format) }));
    };
    const start = startOf(options.format);
    await write("train.jsonl", linesOf(split.train, options), start);
    // An empty file would be taken for a broken one.
    if (split.validation.length > 0)
      await write("validation.jsonl", linesOf(split.validation, options), start);
    const hashes = captureHashes(split);
    if (hashes.length > 0) await write("captures.sha256", hashes);
    card = describe(made, files);
    await draft.writeText("card.json", `${JSON.stringify(card, null, 2)}\n`);
    await draft.writeText("README.md", readmeOf(card));
  });
  return card;
}

function* linesOf(rows: readonly KeyedRow[], { format }: BuildOptions): Generator<string> {
  for (const { example } of rows) yield lineOf(example, format);
}

function describe(made: Made, files: readonly CardFile[]): Card {
  const { options, model, maxTokens, source, cleaned, split, tokensOf } = made;
  const tokens = split.train.map(({ example }) => tokensOf(example));
  return cardOf({
    format: options.format,
    model,
    source: source.card,
    options: shownOptions(options, maxTokens),
    cleaning: cleaned.steps,
    split,
    seed: options.seed,
    validation: options.validation,
    estimate: estimate(tokens, {
      model,
      usdPerMillion: options.usdPerMillion,
      forOpenAI: options.format === "openai",
    }),
    tokensOf,
    files,
  });
}
