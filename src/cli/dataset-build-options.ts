import { parseArgs } from "node:util";
import type { PiiMode, SimulatedMode } from "../datasets/answer-steps.ts";
import type { ConflictRule } from "../datasets/duplicates.ts";
import { FORMATS, type Format, isFormat } from "../datasets/format.ts";
import type { GroupBy } from "../datasets/from-capture.ts";
import { INSTANT_RULE, instantOf, startOf } from "../domain/instant.ts";
import { FEEDBACK_FILTER_RULE, feedbackFilterOf } from "../store/feedback-filter.ts";
import type { CaptureFilter, FeedbackFilter } from "../store/store.ts";
import { UsageError } from "./error-text.ts";

/** What `crossover dataset build` was asked for. */
export interface BuildOptions {
  /** A file to take instead of captures. */
  readonly input: string | undefined;
  readonly filter: CaptureFilter;
  /** The variant that is to be trained. */
  readonly forVariant: string | undefined;
  readonly model: string | undefined;
  readonly format: Format;
  readonly out: string;
  readonly force: boolean;
  readonly json: boolean;
  readonly store: string | undefined;
  readonly groupBy: GroupBy;
  readonly validation: number;
  readonly seed: string;
  readonly pii: PiiMode;
  readonly conflicts: ConflictRule;
  readonly near: number | undefined;
  readonly maxTokens: number | undefined;
  readonly maxPerClass: number | undefined;
  readonly simulated: SimulatedMode;
  readonly keepRefusals: boolean;
  /** USD per million trained tokens. */
  readonly usdPerMillion: number | undefined;
  /** The filters as they were given, for the card. */
  readonly shownFilters: Readonly<Record<string, string | boolean>>;
}

const FILTERS = {
  route: { type: "string" },
  variant: { type: "string" },
  path: { type: "string" },
  "prompt-version": { type: "string" },
  from: { type: "string" },
  to: { type: "string" },
  feedback: { type: "string" },
  cached: { type: "boolean" },
} as const;

/** @throws UsageError */
export function parseBuildOptions(args: readonly string[]): BuildOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...FILTERS,
      input: { type: "string" },
      for: { type: "string" },
      model: { type: "string" },
      format: { type: "string", default: "openai" },
      out: { type: "string", short: "o" },
      force: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      store: { type: "string" },
      config: { type: "string", short: "c" },
      "group-by": { type: "string", default: "user" },
      validation: { type: "string", default: "0.1" },
      seed: { type: "string", default: "1" },
      pii: { type: "string", default: "redact" },
      conflicts: { type: "string", default: "best" },
      near: { type: "string", default: "0.9" },
      "max-tokens": { type: "string" },
      "max-per-class": { type: "string" },
      simulated: { type: "string" },
      price: { type: "string" },
      "keep-refusals": { type: "boolean", default: false },
    },
  });
  const { input, route, out, format } = values;
  if (out === undefined) throw new UsageError("say where the set is to go: --out FOLDER");
  if (!isFormat(format)) throw new UsageError(`--format is one of ${FORMATS.join(", ")}`);
  const given = Object.keys(FILTERS).filter((name) => Object.hasOwn(values, name));
  if (input === undefined && route === undefined)
    throw new UsageError("say of which route: --route NAME, or give a file: --input FILE.jsonl");
  if (input !== undefined && given.length > 0)
    throw new UsageError(`--${given[0]} is for captures, not for --input`);
  return {
    input,
    filter: {
      route,
      variant: values.variant,
      path: pathOf(values.path),
      promptVersion: values["prompt-version"],
      outcome: "success",
      content: true,
      ...(values.cached !== true && { cached: false }),
      from: timeOf("--from", values.from, startOf),
      to: timeOf("--to", values.to, instantOf),
      feedback: values.feedback === undefined ? undefined : feedbackOf(values.feedback),
    },
    forVariant: values.for,
    model: values.model,
    format,
    out,
    force: values.force,
    json: values.json,
    store: values.store,
    groupBy: groupByOf(values["group-by"]),
    validation: numberOf("--validation", values.validation, 0, 0.9),
    seed: values.seed,
    pii: oneOf("--pii", values.pii, ["drop", "redact", "keep"]),
    conflicts: oneOf("--conflicts", values.conflicts, ["best", "majority", "latest", "drop"]),
    near: values.near === "off" ? undefined : numberOf("--near", values.near, 0.5, 1),
    maxTokens: countOf("--max-tokens", values["max-tokens"]),
    maxPerClass: countOf("--max-per-class", values["max-per-class"]),
    simulated:
      values.simulated === undefined ? "mixed" : oneOf("--simulated", values.simulated, ["keep", "drop"]),
    keepRefusals: values["keep-refusals"],
    usdPerMillion: values.price === undefined ? undefined : numberOf("--price", values.price, 0, 1_000_000),
    shownFilters: {
      path: "enriched",
      ...Object.fromEntries(
        Object.keys(FILTERS).flatMap((name) => {
          const value = new Map(Object.entries(values)).get(name);
          return typeof value === "string" || typeof value === "boolean" ? [[name, value]] : [];
        }),
      ),
    },
  };
}

/** What else shaped the set, for the card. */
export function shownOptions(
  options: BuildOptions,
  maxTokens: number | undefined,
): Readonly<Record<string, string | number | boolean>> {
  const { groupBy, forVariant, near, maxPerClass, simulated } = options;
  return {
    "group-by": groupBy.by === "metadata" ? `metadata.${groupBy.name}` : groupBy.by,
    pii: options.pii,
    conflicts: options.conflicts,
    near: near ?? "off",
    "keep-refusals": options.keepRefusals,
    ...(simulated !== "mixed" && { simulated }),
    ...(forVariant !== undefined && { for: forVariant }),
    ...(maxTokens !== undefined && { "max-tokens": maxTokens }),
    ...(maxPerClass !== undefined && { "max-per-class": maxPerClass }),
  };
}

function pathOf(path = "enriched"): "enriched" | "bare" | undefined {
  const name = oneOf("--path", path, ["enriched", "bare", "any"]);
  return name === "any" ? undefined : name;
}

function timeOf(
  option: string,
  text: string | undefined,
  read: (text: string) => number | undefined,
): number | undefined {
  const at = text === undefined ? undefined : read(text);
  if (text !== undefined && at === undefined) throw new UsageError(`${option}: ${INSTANT_RULE}`);
  return at;
}

function feedbackOf(text: string): FeedbackFilter {
  const filter = feedbackFilterOf(text);
  if (filter === undefined) throw new UsageError(`--feedback: ${FEEDBACK_FILTER_RULE}`);
  return filter;
}

function groupByOf(text: string): GroupBy {
  const name = /^metadata\.(.+)$/.exec(text)?.[1];
  if (name !== undefined) return { by: "metadata", name };
  if (text === "user" || text === "none") return { by: text };
  throw new UsageError("--group-by is user, none or such as metadata.account");
}

function oneOf<T extends string>(option: string, text: string, names: readonly T[]): T {
  const found = names.find((name) => name === text);
  if (found === undefined) throw new UsageError(`${option} is one of ${names.join(", ")}`);
  return found;
}

function numberOf(option: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (text.trim() === "" || !(number >= least && number <= most))
    throw new UsageError(`${option} is a number from ${least} to ${most}`);
  return number;
}

function countOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new UsageError(`${option} is a whole number from 1`);
  return number;
}
