import { existsSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Query } from "../comparison/compare.ts";
import { comparisonPage } from "../comparison/page.ts";
import { type Compared, comparedSet, storable } from "../comparison/stored.ts";
import { INSTANT_RULE, instantOf, startOf } from "../domain/instant.ts";
import { newRequestId } from "../domain/own-answer.ts";
import type { Table, Variant } from "../domain/table.ts";
import type { Reading } from "../gateway/example-query.ts";
import { loadFromDisk } from "../load-from-disk.ts";
import { openStore } from "../store/open.ts";
import { type Store, StoreError } from "../store/store.ts";
import { mayBegin, UNASKED_CALLS } from "./compare-consent.ts";
import { forecastOf } from "./compare-forecast.ts";
import { capturedQueries, queriesIn, queryOf, type Sample } from "./compare-queries.ts";
import { runComparison } from "./compare-run.ts";
import { comparisonText } from "./compare-text.ts";
import { UsageError } from "./error-text.ts";
import { type Command, configPathOf } from "./main.ts";

/** What a shell says of a command that SIGINT ended. */
const INTERRUPTED = 130;

const MOST_CONCURRENCY = 64;

export const compare: Command = {
  help: `Usage: crossover compare --variants A,B [--route ROUTE] --query TEXT
       crossover compare --variants A,B [--route ROUTE] --input FILE.jsonl
       crossover compare --variants A,B [--route ROUTE] --captures [--variant NAME] [--from WHEN] [--to WHEN]
                         [--limit NUMBER] [--seed NUMBER] [--reference]

Calls the models of the configuration itself: no gateway needs to run, and no limit of a key counts. The first variant
is the baseline.
  --query        one query
  --input        a file of JSON lines, \`-\` for standard input: chat requests, or examples for fine-tuning, with whose
                 last answer all answers are compared too
  --captures     captured queries, sent anew: of the route, of the variant that answered, from a date and to its end
  --limit        how many captures at most, sampled by --seed. Default 100
  --reference    compare all answers with the captured ones too
  --judge        ask the judge of the configuration which answers are better
  --concurrency  most calls at a time. Default: the configuration's, else 4
  --json         print all results as JSON
  --html         write a page with all answers side by side; --force replaces a file that is there
  --no-store     do not keep the results in the store
  --yes          begin without a question. Without a terminal, more than ${UNASKED_CALLS} calls need it
Calls, and what they cost at most, are told before. Control-C ends it; what has come by then is shown.
`,
  run: async (args) => {
    const options = optionsOf(args);
    const table = loadFromDisk(configPathOf(args, process.env), process.env);
    const variants = variantsOf(options, table);
    const judging = options.judge ?? false;
    const concurrency =
      wholeNumber("concurrency", options.concurrency, MOST_CONCURRENCY) ?? table.compare.concurrency;
    const sample = sampleOf(options);
    const store = await storeFor(options, table);
    try {
      const queries = await queriesOf(options, sample, { table, route: options.route }, store);
      const forecast = forecastOf(queries, variants, table, judging);
      if (!(await mayBegin(forecast, queries.length, options.yes ?? false))) return 1;
      const { results, interrupted } = await runComparison({
        table,
        route: options.route,
        variants,
        queries,
        concurrency,
        judging,
      });
      const at = Date.now();
      const names = variants.map(({ name }) => name);
      const compared = comparedSet(
        { id: newRequestId(), at, route: options.route, variants: names },
        results.map(({ row }) => row),
      );
      if (results.length > 0) {
        const asked = results.map(({ query }) => query);
        show(compared, options);
        const kept = options["no-store"]
          ? "--no-store"
          : await keep(store, storable(compared, asked, at, table.redaction.stored));
        tellKept(compared, kept);
      }
      if (interrupted) return INTERRUPTED;
      return compared.document.summary.variants.some(({ answered }) => answered > 0) ? 0 : 1;
    } finally {
      await store?.close();
    }
  },
};

type Options = ReturnType<typeof optionsOf>;

/** @throws UsageError unless the queries come from one place */
function optionsOf(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      variants: { type: "string" },
      route: { type: "string" },
      query: { type: "string" },
      input: { type: "string" },
      captures: { type: "boolean" },
      variant: { type: "string" },
      from: { type: "string" },
      to: { type: "string" },
      limit: { type: "string" },
      seed: { type: "string" },
      reference: { type: "boolean" },
      concurrency: { type: "string" },
      judge: { type: "boolean" },
      json: { type: "boolean" },
      html: { type: "string" },
      force: { type: "boolean" },
      "no-store": { type: "boolean" },
      yes: { type: "boolean", short: "y" },
      config: { type: "string", short: "c" },
    },
  });
  const sources = [values.query, values.input, values.captures].filter((source) => source !== undefined);
  if (sources.length !== 1) throw new UsageError("give one of --query, --input and --captures");
  if (values.html !== undefined && !values.force && existsSync(values.html))
    throw new UsageError(`${values.html} is there already: give --force to replace it`);
  return values;
}

/** @throws UsageError for names that are none */
function variantsOf({ variants: list = "", route, judge }: Options, table: Table): readonly Variant[] {
  const names = list.split(",").map((name) => name.trim());
  if (list === "") throw new UsageError("name the variants: --variants A,B");
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw new UsageError(`\`${twice}\` is named twice`);
  if (route !== undefined && !table.routes.has(route)) throw new UsageError(`there is no route ${route}`);
  if (judge && table.compare.judge === undefined)
    throw new UsageError("no judge is configured: `compare.judge` names one");
  return names.map((name) => {
    const variant = table.variants.get(name);
    if (variant === undefined)
      throw new UsageError(
        `there is no variant ${name}. The configuration has ${[...table.variants.keys()].join(", ")}`,
      );
    return variant;
  });
}

/** Captures can't be had without a store; results that can't be kept are shown all the same. */
async function storeFor(options: Options, table: Table): Promise<Store | undefined> {
  if (table.store === undefined || (options["no-store"] && !options.captures)) return undefined;
  try {
    return await openStore(table.store.url, { make: !options.captures });
  } catch (error) {
    if (options.captures || !(error instanceof StoreError)) throw error;
    process.stderr.write(`The results will not be kept: ${error.message}\n`);
    return undefined;
  }
}

/** @throws UsageError */
function sampleOf(options: Options): Sample {
  return {
    filter: {
      route: options.route,
      variant: options.variant,
      from: instant("from", options.from, startOf),
      to: instant("to", options.to, instantOf),
    },
    limit: wholeNumber("limit", options.limit, 1_000_000) ?? 100,
    seed: wholeNumber("seed", options.seed, 2 ** 31) ?? 1,
    reference: options.reference ?? false,
  };
}

async function queriesOf(
  options: Options,
  sample: Sample,
  reading: Reading,
  store: Store | undefined,
): Promise<readonly Query[]> {
  const { query, input } = options;
  if (query !== undefined) return [queryOf(query, reading)];
  if (input !== undefined) return nonEmpty(queriesIn(input, reading), `there is no query in ${input}`);
  if (store === undefined) throw new UsageError("there is no store to take captures from");
  const { queries, skipped } = await capturedQueries(store, sample, reading);
  if (skipped > 0) process.stderr.write(`${skipped} captures are not whole, and are left out.\n`);
  return nonEmpty(queries, "there are no such captures");
}

function nonEmpty(queries: readonly Query[], problem: string): readonly Query[] {
  if (queries.length === 0) throw new UsageError(problem);
  return queries;
}

/** @returns why it is not kept; undefined where it is */
async function keep(
  store: Store | undefined,
  { comparison, rows }: ReturnType<typeof storable>,
): Promise<string | undefined> {
  if (store === undefined) return "there is no store";
  try {
    await store.saveComparison(comparison, rows);
    return undefined;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return error.message;
  }
}

function tellKept({ document: { id } }: Compared, whyNot: string | undefined): void {
  process.stderr.write(
    whyNot === undefined
      ? `Comparison ${id} is kept in the store: GET /admin/api/comparisons/${id}\n`
      : `Comparison ${id} is not kept: ${whyNot}\n`,
  );
}

function show(compared: Compared, { json, html }: Options): void {
  if (html !== undefined) {
    // For its owner alone, as what is in it is private.
    writeFileSync(html, comparisonPage(compared), { mode: 0o600 });
    process.stderr.write(`Wrote ${html}\n`);
  }
  process.stdout.write(
    json ? `${JSON.stringify({ ...compared.document, rows: compared.rows })}\n` : comparisonText(compared),
  );
}

function wholeNumber(name: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > most)
    throw new UsageError(`--${name} is a whole number from 1 to ${most}`);
  return value;
}

function instant(
  name: string,
  text: string | undefined,
  read: (text: string) => number | undefined,
): number | undefined {
  const at = text === undefined ? undefined : read(text);
  if (text !== undefined && at === undefined) throw new UsageError(`--${name}: ${INSTANT_RULE}`);
  return at;
}
