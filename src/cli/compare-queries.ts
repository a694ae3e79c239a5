import { readFileSync } from "node:fs";
import type { Query } from "../comparison/compare.ts";
import { answerIn } from "../domain/answer.ts";
import { GatewayError } from "../domain/errors.ts";
import { unitOf } from "../domain/hash.ts";
import { parseJson, parseObject } from "../domain/json.ts";
import { chatQuery, exampleQuery, type Reading } from "../gateway/example-query.ts";
import { type CaptureFilter, type Store, type StoredCapture, scan } from "../store/store.ts";
import { UsageError } from "./error-text.ts";

/** One query of its own. */
export function queryOf(text: string, reading: Reading): Query {
  return chatQuery({ messages: [{ role: "user", content: text }] }, undefined, reading);
}

/**
 * A file of JSON lines, `-` for standard input: chat requests, or examples for fine-tuning, whose last message is what
 * is expected.
 * @throws UsageError that names the line
 */
export function queriesIn(file: string, reading: Reading): readonly Query[] {
  const lines = readFileSync(file === "-" ? 0 : file, "utf8")
    .replace(/^\uFEFF/, "")
    .split("\n");
  return lines.flatMap((line, index) => {
    if (line.trim() === "") return [];
    const body = parseObject(line);
    if (body === undefined) throw new UsageError(`line ${index + 1} of ${file} is no JSON object`);
    try {
      return [exampleQuery(body, reading)];
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      throw new UsageError(`line ${index + 1} of ${file}: ${error.message}`);
    }
  });
}

/** Which captures, and how many of them. */
export interface Sample {
  readonly filter: CaptureFilter;
  readonly limit: number;
  /** Another one gives other captures. */
  readonly seed: number;
  /** Compare with the captured answers too? */
  readonly reference: boolean;
}

/**
 * Requests that were answered, sampled by their ids: the same seed and captures give the same queries.
 * @returns with how many captures could not be sent again, such as cut ones
 */
export async function capturedQueries(
  store: Store,
  { filter, limit, seed, reference }: Sample,
  reading: Reading,
): Promise<{ readonly queries: readonly Query[]; readonly skipped: number }> {
  let chosen: { readonly rank: number; readonly capture: StoredCapture }[] = [];
  const trim = (): void => {
    chosen = chosen.toSorted((a, b) => a.rank - b.rank).slice(0, limit);
  };
  for await (const capture of scan(store, { ...filter, outcome: "success", content: true })) {
    chosen.push({ rank: unitOf(`${seed}\n${capture.id}`), capture });
    if (chosen.length >= 2 * limit) trim();
  }
  trim();
  const queries = chosen
    .toSorted((a, b) => a.capture.at - b.capture.at)
    .flatMap(({ capture }) => queryFrom(capture, reference, reading) ?? []);
  return { queries, skipped: chosen.length - queries.length };
}

function queryFrom({ id, content }: StoredCapture, reference: boolean, reading: Reading): Query | undefined {
  const body = parseObject(content?.request ?? "");
  if (body === undefined) return undefined;
  const answer = answerIn(parseJson(content?.answer ?? ""));
  try {
    return { ...chatQuery(body, reference ? answer : undefined, reading), captureId: id };
  } catch (error) {
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
}
