import { hash } from "node:crypto";
import { isObject, memberOf } from "../domain/json.ts";

/** By what a row is known again, in whatever order its members stand. */
export interface Fingerprint {
  readonly row: string;
  /** Of all that comes before the last answer. */
  readonly input: string;
}

/** The fingerprint of an example's messages. @param row the whole row, as parsed */
export function fingerprint(row: unknown, messages: readonly unknown[]): Fingerprint {
  const last = messages.findLastIndex((message) => memberOf(message, "role") === "assistant");
  return { row: digest(row), input: digest(messages.slice(0, last)) };
}

function digest(value: unknown): string {
  return hash("sha1", canonical(value), "base64");
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
