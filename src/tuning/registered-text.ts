import { isDeepStrictEqual } from "node:util";
import { type Document, isMap, parseDocument } from "yaml";
import type { Price } from "../domain/usage.ts";
import type { Registration } from "./registry.ts";

const HEADER = ` Models that fine-tuning jobs made, and variants that call them. The gateway reads this file as a part of its
 configuration, a change is in force within a moment. It may be edited; jobs add to it and leave the rest as it is.`;

/**
 * The text of a file of registered models with one more, or with it in place of what was registered under its names.
 * Other entries and all comments stay; where nothing changes, the text is the same.
 * @param text valid YAML, or empty
 */
export function withRegistration(
  text: string,
  { model, variant }: Registration,
  price: Price | undefined,
): string {
  const document = parseDocument(text);
  if (text.trim() === "") document.commentBefore = HEADER;
  const { name, provider, baseModel, datasetHash, tuningJob, trainingCost } = model;
  const changed = [
    put(document, ["models", name], {
      provider,
      // The environment's variables are put into what is read.
      model: model.model.replaceAll("${", () => "$${"),
      fineTuned: true,
      baseModel,
      datasetHash,
      tuningJob,
      ...(price === undefined ? {} : { price }),
      ...(trainingCost === undefined ? {} : { trainingCost }),
    }),
    put(document, ["variants", variant.name], {
      model: name,
      ...(variant.fallback === variant.name ? {} : { fallback: [variant.fallback] }),
    }),
  ];
  return changed.includes(true) ? document.toString({ lineWidth: 0 }) : text;
}

/** @returns whether that changed something */
function put(document: Document, path: readonly [string, string], entry: object): boolean {
  const [section] = path;
  if (document.has(section) && !isMap(document.get(section))) document.delete(section); // such as one whose entries were all deleted
  const node = document.createNode(entry);
  const present = document.getIn(path);
  if (isMap(present) && isDeepStrictEqual(present.toJS(document), node.toJS(document))) return false;
  document.setIn(path, node);
  return true;
}
