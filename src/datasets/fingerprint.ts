import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { isObject, memberOf } from "../domain/json.ts";

/** By what a row is known again, in whatever order its members stand. */
export interface Fingerprint {
  readonly row: string;
  /** Of all that comes before the last answer. */
  readonly input: string;
  /** Of what the last answer says. */
  readonly answer: string;
}

/** The fingerprint of an example's messages. @param row the whole row, as parsed */
export function fingerprint(
  row: Readonly<Record<string, unknown>>,
  messages: readonly unknown[],
): Fingerprint {
  const last = messages.findLastIndex((message) => memberOf(message, "role") === "assistant");
  return {
    row: rowFingerprint(row),
    input: digest(canonical(messages.slice(0, last))),
    answer: digest(canonical(memberOf(messages[last], "content"))),
  };
}

/** The `row` of an example's fingerprint alone. @param row as parsed */
export function rowFingerprint({ tools, ...rest }: Readonly<Record<string, unknown>>): string {
  return digest(canonical(rest) + canonicalTools(tools));
}

function digest(text: string): string {
  return hash("sha1", text, "base64");
}

/** Rows of a set mostly have the same tools, which are the larger part of them. */
const known = new LRUCache<string, string>({ max: 100 });

function canonicalTools(tools: unknown): string {
  if (tools === undefined) return "";
  const text = JSON.stringify(tools);
  const found = known.get(text);
  if (found !== undefined) return found;
  const made = canonical(tools);
  known.set(text, made);
  return made;
}

/** JSON with the members of each object in the order of their names. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? "null";
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${members.join(",")}}`;
}
