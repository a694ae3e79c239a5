import { isDeepStrictEqual } from "node:util";
import { type Document, isMap, parseDocument } from "yaml";
import type { Price } from "../domain/usage.ts";
import type { Registration } from "./registry.ts";

const HEADER = ` Models that fine-tuning jobs made, and variants that call them. The gateway reads this file as a part of its
 configuration, a change is in force within a moment. It may be edited; jobs add to it and leave the rest as it is.`;

/** Members of a model or a variant. */
type Entry = Readonly<Record<string, string | number | boolean | Price | readonly string[]>>;

/**
 * The text of a file of registered models with one more, or with it in place of what was registered under its names.
 * Other entries and all comments stay; where nothing changes, the text is the same.
 * @param text valid YAML, or empty
 */
export function withRegistration(
  text: string,
  { model, variant, replaces }: Registration,
  price: Price | undefined,
): string {
  const document = parseDocument(text);
  if (text.trim() === "") document.commentBefore = HEADER;
  const { name, provider, baseModel, datasetHash, tuningJob, simulated, trainingCost } = model;
  const changed = [
    put(document, ["models", name], {
      provider,
      model: model.model,
      fineTuned: true,
      baseModel,
      datasetHash,
      tuningJob,
      ...(simulated ? { simulated } : {}),
      ...(price === undefined ? {} : { price }),
      ...(trainingCost === undefined ? {} : { trainingCost }),
    }),
    put(document, ["variants", variant.name], {
      model: name,
      ...(replaces ? { replaces: true } : {}),
      ...(variant.fallback === variant.name ? {} : { fallback: [variant.fallback] }),
    }),
  ];
  return changed.includes(true) ? document.toString({ lineWidth: 0 }) : text;
}

/** @returns whether that changed something */
function put(document: Document, path: readonly [string, string], entry: Entry): boolean {
  const [section] = path;
  if (document.has(section) && !isMap(document.get(section))) document.delete(section); // such as one whose entries were all deleted
  const node = document.createNode(escaped(entry));
  const present = document.getIn(path);
  if (isMap(present) && isDeepStrictEqual(present.toJS(document), node.toJS(document))) return false;
  document.setIn(path, node);
  return true;
}

/** The environment's variables are put into the texts of what is read: into these none shall be. */
function escaped(entry: Entry): Entry {
  const values = Object.entries(entry).map(([key, value]) => [key, plain(value)] as const);
  return Object.fromEntries(values);
}

function plain(value: Entry[string]): Entry[string] {
  if (typeof value === "string") return value.replaceAll("${", () => "$${");
  return Array.isArray(value) ? value.map((text) => text.replaceAll("${", () => "$${")) : value;
}
