import { schemaCheck } from "../comparison/schema-check.ts";
import { unusableBecause } from "../comparison/validity.ts";
import { answerIn, finishReasonOf } from "../domain/answer.ts";
import { isObject, parseObject } from "../domain/json.ts";
import { isRedacted } from "../domain/redactor.ts";
import type { StoredCapture } from "../store/store.ts";

/** Why a captured answer can't be used, in words; undefined where it can, there is none, or that can't be told. */
export function unusableAnswer({ status, content }: StoredCapture): string | undefined {
  if (status >= 400 || content?.answer === undefined || content.truncated) return undefined;
  const completion = parseObject(content.answer);
  const message = answerIn(completion);
  if (!isObject(message)) return undefined;
  // What redaction took out may be what the schema asks for.
  const isWhole = !isRedacted(content.request) && !isRedacted(content.answer);
  const check = isWhole ? schemaCheck(parseObject(content.request) ?? {}) : undefined;
  return unusableBecause(message, finishReasonOf(completion), check);
}
