import { z } from "zod";
import type { Capture, Feedback, Recipe, UsageHour } from "../domain/capture.ts";
import { parseJson } from "../domain/json.ts";
import {
  captureDocument,
  comparisonDocument,
  feedbackDocument,
  recipeDocument,
  usageDocument,
} from "./documents.ts";
import { type CaptureFilter, type Store, scan } from "./store.ts";

/** Raised when lines change so that an older version would misread them. */
const FORMAT = { format: "crossover-store", version: 1 } as const;
/** Captures of one write. */
const AT_ONCE = 200;
const ALL = 1_000_000;

/** How many of each. */
export interface Transferred {
  readonly captures: number;
  readonly recipes: number;
  readonly feedback: number;
  readonly usage: number;
  readonly comparisons: number;
}

export interface Imported {
  readonly added: Transferred;
  /** What the store had already, and keeps as it was. */
  readonly there: Transferred;
}

export const KINDS = ["captures", "recipes", "feedback", "usage", "comparisons"] as const;

/** Counts while a transfer runs. */
class Tally {
  readonly #counts = { captures: 0, recipes: 0, feedback: 0, usage: 0, comparisons: 0 };
  add(kind: keyof Transferred): void {
    this.#counts[kind]++;
  }
  counts(): Transferred {
    return { ...this.#counts };
  }
}

/**
 * A store as JSON lines, in constant memory: a header, then what is there, then how much it was. With a filter: its captures, with
 * their feedback and recipes, and neither usage nor comparisons. Recipes and feedback that belong to no capture stay behind.
 * @returns how many of each it wrote
 * @throws StoreError
 */
export async function* exportStore(
  store: Store,
  filter?: CaptureFilter,
): AsyncGenerator<string, Transferred> {
  const tally = new Tally();
  const line = (kind: keyof Transferred, member: string, value: unknown): string => {
    tally.add(kind);
    return JSON.stringify({ [member]: value });
  };
  yield JSON.stringify(FORMAT);
  const recipes = new Set<string>();
  for await (const { feedback, ...capture } of scan(store, filter ?? {})) {
    if (!recipes.has(capture.recipe)) {
      recipes.add(capture.recipe);
      const recipe = await store.recipe(capture.recipe);
      if (recipe !== undefined) yield line("recipes", "recipe", recipe);
    }
    yield line("captures", "capture", capture);
    for (const each of feedback) yield line("feedback", "feedback", each);
  }
  if (filter === undefined) {
    for (const hour of await store.usage({})) yield line("usage", "usage", hour);
    for (const { id } of await store.comparisons(ALL)) {
      const found = await store.comparison(id);
      if (found !== undefined)
        yield line("comparisons", "comparison", { ...found.comparison, rows: found.rows });
    }
  }
  yield JSON.stringify({ end: tally.counts() });
  return tally.counts();
}

/** Lines that are no export. What came before the line is in the store; the same file may be imported again. */
export class ImportError extends Error {
  override readonly name = "ImportError";
  /** Counted from 1. */
  readonly line: number;
  /** What was added before. */
  readonly written: Transferred;
  constructor(line: number, reason: string, written: Transferred) {
    const before = KINDS.map((kind) => `${written[kind]} ${kind}`).join(", ");
    super(`line ${line}: ${reason}. Before it, ${before} were added`);
    this.line = line;
    this.written = written;
  }
}

const header = z.strictObject({ format: z.literal(FORMAT.format), version: z.int() });
const end = z.strictObject({
  captures: z.int(),
  recipes: z.int(),
  feedback: z.int(),
  usage: z.int(),
  comparisons: z.int(),
});
const line = z.union([
  z.strictObject({ capture: captureDocument }),
  z.strictObject({ recipe: recipeDocument }),
  z.strictObject({ feedback: feedbackDocument }),
  z.strictObject({ usage: usageDocument }),
  z.strictObject({ comparison: comparisonDocument }),
  z.strictObject({ end }),
]);

/**
 * Adds what `exportStore` wrote. What is there already stays as it is, usage of an hour too: the same import twice is one.
 * @throws ImportError that names the line, and StoreError
 */
export async function importStore(store: Store, lines: AsyncIterable<string>): Promise<Imported> {
  const importer = new Importer(store);
  let at = 0;
  for await (const text of lines) {
    at++;
    if (text.trim() === "") continue;
    const reason = await importer.take(text);
    if (reason !== undefined) throw new ImportError(at, reason, (await importer.flush()).added);
  }
  const imported = await importer.flush();
  if (!importer.hasEnded)
    throw new ImportError(at + 1, "the export breaks off: its last line is missing", imported.added);
  return imported;
}

class Importer {
  readonly #store: Store;
  readonly #added = new Tally();
  readonly #there = new Tally();
  #captures: Capture[] = [];
  #recipes: Recipe[] = [];
  #feedback: Feedback[] = [];
  #hasBegun = false;
  hasEnded = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /** What is wrong with the line, if anything is. */
  async take(text: string): Promise<string | undefined> {
    const json = parseJson(text);
    if (json === undefined) return "it is not JSON";
    if (!this.#hasBegun) return this.#begin(json);
    if (this.hasEnded) return "there is more after the export's last line";
    const parsed = line.safeParse(json);
    if (!parsed.success) return reasonOf(parsed.error);
    return this.#keep(parsed.data);
  }

  #begin(json: unknown): string | undefined {
    const parsed = header.safeParse(json);
    if (!parsed.success) return "it is not the header of an export of a store";
    if (parsed.data.version > FORMAT.version)
      return `the export is of version ${parsed.data.version}; this Crossover reads up to ${FORMAT.version}`;
    this.#hasBegun = true;
    return undefined;
  }

  async #keep(each: z.infer<typeof line>): Promise<string | undefined> {
    if ("capture" in each) {
      this.#captures.push(each.capture);
      if (this.#captures.length >= AT_ONCE) await this.flush();
    } else if ("recipe" in each) this.#recipes.push(each.recipe);
    else if ("feedback" in each) {
      this.#feedback.push(each.feedback);
      if (this.#feedback.length >= AT_ONCE) await this.flush();
    } else if ("usage" in each) await this.#addUsage(each.usage);
    else if ("comparison" in each) {
      const { rows, ...comparison } = each.comparison;
      this.#count("comparisons", (await this.#store.comparison(comparison.id)) !== undefined);
      await this.#store.saveComparison(comparison, rows);
    } else {
      this.hasEnded = true;
      const { added, there } = await this.flush();
      if (KINDS.some((kind) => added[kind] + there[kind] !== each.end[kind]))
        return "lines of the export are missing";
    }
    return undefined;
  }

  /** Writes what is gathered, feedback after the captures that it is for. */
  async flush(): Promise<Imported> {
    const [captures, recipes, feedback] = [this.#captures, this.#recipes, this.#feedback];
    this.#captures = [];
    this.#recipes = [];
    this.#feedback = [];
    const ids = new Set([...captures.map(({ id }) => id), ...feedback.map(({ requestId }) => requestId)]);
    const found = (await Promise.all([...ids].map((id) => this.#store.find(id)))).filter(
      (capture) => capture !== undefined,
    );
    const known = await Promise.all(recipes.map(({ version }) => this.#store.recipe(version)));
    const thereBefore = new Set(found.map(({ id }) => id));
    const toldBefore = new Set(found.flatMap((capture) => capture.feedback.map(({ id }) => id)));
    if (captures.length + recipes.length > 0) await this.#store.write({ captures, recipes, usage: [] });
    for (const { id } of captures) this.#count("captures", thereBefore.has(id));
    for (const recipe of known) this.#count("recipes", recipe !== undefined);
    for (const each of feedback) {
      await this.#store.addFeedback(each);
      this.#count("feedback", toldBefore.has(each.id));
    }
    return { added: this.#added.counts(), there: this.#there.counts() };
  }

  /** A write would add it to what is there. */
  async #addUsage(usage: UsageHour): Promise<void> {
    const { hour, route, variant, path, model, promptVersion } = usage;
    const there = await this.#store.usage({ route, from: hour, to: hour + 1 });
    const isThere = there.some(
      (each) =>
        each.variant === variant &&
        each.path === path &&
        each.model === model &&
        each.promptVersion === promptVersion,
    );
    if (!isThere) await this.#store.write({ captures: [], recipes: [], usage: [usage] });
    this.#count("usage", isThere);
  }

  #count(kind: keyof Transferred, wasThere: boolean): void {
    (wasThere ? this.#there : this.#added).add(kind);
  }
}

/** The first thing wrong within the kind of line that it seems to be. */
function reasonOf(error: z.ZodError): string {
  const [issue] = error.issues;
  if (issue?.code !== "invalid_union") return issue?.message ?? "it is none of an export";
  const nearest = issue.errors.find(([first]) => first !== undefined && first.path.length > 1)?.[0];
  return nearest === undefined
    ? "it is no capture, recipe, feedback, usage or comparison"
    : `${nearest.path.join(".")}: ${nearest.message}`;
}
