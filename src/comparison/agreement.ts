import type { AgreementDocument } from "./document.ts";
import { messageText, sameToolCalls } from "./message.ts";
import { editSimilarity } from "./similarity.ts";

/** What the texts of two messages alone tell of their agreement. */
export type TextAgreement = Pick<AgreementDocument, "exact" | "edit_similarity" | "tool_calls_equal">;

/** How alike two messages are. Symmetric. */
export function textAgreement(a: unknown, b: unknown): TextAgreement {
  const [text, other] = [messageText(a).trim(), messageText(b).trim()];
  const calls = sameToolCalls(a, b);
  return {
    exact: text === other && calls !== false,
    edit_similarity: editSimilarity(text, other),
    tool_calls_equal: calls ?? null,
  };
}
