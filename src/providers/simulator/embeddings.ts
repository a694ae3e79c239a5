import { z } from "zod";
import { unitOf } from "../../domain/hash.ts";
import { estimateTokens } from "../../domain/tokens.ts";

const DIMENSIONS = 256;

const embeddingsRequest = z.object({
  model: z.string(),
  input: z.union([z.string().transform((text) => [text]), z.array(z.string()).min(1)]),
});

/**
 * OpenAI's list of embeddings: a bag of words, each word hashed to one dimension, at unit length. Texts with the same
 * words are near each other, and that is all it knows.
 * @returns undefined for a request that is none
 */
export function embeddingsJson(request: unknown): string | undefined {
  const parsed = embeddingsRequest.safeParse(request);
  if (!parsed.success) return undefined;
  const { model, input } = parsed.data;
  const tokens = input.reduce((sum, text) => sum + estimateTokens(text), 0);
  return JSON.stringify({
    object: "list",
    data: input.map((text, index) => ({ object: "embedding", index, embedding: embeddingOf(text) })),
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  });
}

function embeddingOf(text: string): readonly number[] {
  const counts = new Array<number>(DIMENSIONS).fill(0);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text]) {
    const at = Math.floor(unitOf(word) * DIMENSIONS);
    counts[at] = (counts[at] ?? 0) + 1;
  }
  const length = Math.hypot(...counts);
  return counts.map((count) => count / length);
}
