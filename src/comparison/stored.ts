import { z } from "zod";
import { type ChatRequest, userOf } from "../domain/chat.ts";
import { parseJson } from "../domain/json.ts";
import type { Redactor } from "../domain/redactor.ts";
import type { ComparisonRow, StoredComparison } from "../store/store.ts";
import type { Query } from "./compare.ts";
import {
  type AgreementDocument,
  type ComparisonDocument,
  comparisonDocument,
  type ResultDocument,
  type RowDocument,
  rowDocument,
} from "./document.ts";
import { summaryOf } from "./summary.ts";

/** A comparison with its rows. */
export interface Compared {
  readonly document: ComparisonDocument;
  readonly rows: readonly RowDocument[];
}

export interface ComparedSet {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly route: string | undefined;
  readonly variants: readonly string[];
}

/** What a set of rows is as a whole. */
export function comparedSet(
  { id, at, route, variants }: ComparedSet,
  rows: readonly RowDocument[],
): Compared {
  const document: ComparisonDocument = {
    object: "crossover.comparison_set",
    id,
    created: Math.floor(at / 1000),
    route: route ?? null,
    variants: [...variants],
    baseline: variants[0] ?? "",
    summary: summaryOf(rows),
  };
  return { document, rows };
}

/**
 * As the store keeps it, with all texts redacted.
 * @param queries of the rows, in the same order
 */
export function storable(
  { document, rows }: Compared,
  queries: readonly Query[],
  at: number,
  redactor: Redactor,
): { readonly comparison: StoredComparison; readonly rows: readonly ComparisonRow[] } {
  const { id, route, variants } = document;
  return {
    comparison: { id, at, route: route ?? undefined, variants, summary: JSON.stringify(document) },
    rows: rows.map((row, index) => ({
      index,
      captureId: row.capture_id ?? undefined,
      user: redactedUser(queries[index]?.request, redactor),
      document: JSON.stringify(redacted(row, redactor)),
    })),
  };
}

/**
 * What the store kept.
 * @returns undefined where it is of another version's shape
 */
export function storedComparison(
  { summary }: StoredComparison,
  rows: readonly ComparisonRow[] = [],
): Compared | undefined {
  const document = comparisonDocument.safeParse(parseJson(summary));
  const parsed = z.array(rowDocument).safeParse(rows.map((row) => parseJson(row.document)));
  return document.success && parsed.success ? { document: document.data, rows: parsed.data } : undefined;
}

function redactedUser(request: ChatRequest | undefined, { redact }: Redactor): string | undefined {
  const user = request && userOf(request);
  return user === undefined ? undefined : redact(user);
}

function redacted(row: RowDocument, redactor: Redactor): RowDocument {
  const { redact } = redactor;
  return {
    ...row,
    query: redact(row.query),
    ...(row.system !== undefined && { system: redact(row.system) }),
    expected: row.expected === null ? null : redact(row.expected),
    results: row.results.map((result) => redactedResult(result, redactor)),
    agreement: row.agreement.map((agreement) => redactedAgreement(agreement, redactor)),
  };
}

function redactedResult(result: ResultDocument, { redact, redactJson }: Redactor): ResultDocument {
  const { message, error } = result;
  return {
    ...result,
    message:
      message === null
        ? null
        : Object.fromEntries(Object.entries(message).map(([key, value]) => [key, redactJson(value)])),
    error: error === null ? null : { ...error, message: redact(error.message) },
  };
}

function redactedAgreement(agreement: AgreementDocument, { redact }: Redactor): AgreementDocument {
  const { judge } = agreement;
  if (judge === null) return agreement;
  return {
    ...agreement,
    judge: {
      ...judge,
      error: judge.error === null ? null : redact(judge.error),
      verdicts: judge.verdicts.map((verdict) => ({ ...verdict, reason: redact(verdict.reason) })),
    },
  };
}
