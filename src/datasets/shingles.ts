import { textOf } from "../domain/chat.ts";
import type { ExampleMessage } from "./example.ts";

/** Words in a shingle. */
const WORDS = 3;

/** A word, or one character of a script that puts no spaces between words. */
const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}])[\p{L}\p{M}\p{N}])+/gu;

/**
 * What a text consists of: every run of three words, in small letters and without punctuation, as sorted 32-bit hashes
 * without repetition. A shorter text is one shingle, and so is one without any word.
 */
export function shinglesOf(text: string): Uint32Array {
  const words = (text.normalize("NFKC").toLowerCase().match(WORD) ?? [text.trim()]).map(hashOf);
  const count = Math.max(1, words.length - WORDS + 1);
  const shingles = new Uint32Array(count);
  for (let start = 0; start < count; start++) {
    let hash = words.length < WORDS ? words.length : 0;
    for (let i = start; i < Math.min(start + WORDS, words.length); i++) hash = mix(hash ^ (words[i] ?? 0));
    shingles[start] = hash;
  }
  return distinct(shingles.sort());
}

/** FNV-1a over UTF-16 units. */
function hashOf(word: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** The last step of MurmurHash3: spreads every bit over all others, and takes no two numbers to the same one. */
export function mix(number: number): number {
  let h = Math.imul(number ^ (number >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function distinct(sorted: Uint32Array): Uint32Array {
  return sorted.filter((value, index) => index === 0 || value !== sorted[index - 1]);
}

/** Share of the shingles of both texts that both have: the Jaccard index, from 0 to 1. */
export function jaccard(a: Uint32Array, b: Uint32Array): number {
  let both = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const left = a[i] ?? 0;
    const right = b[j] ?? 0;
    if (left === right) both++;
    if (left <= right) i++;
    if (right <= left) j++;
  }
  return both / (a.length + b.length - both);
}

/** All that messages say, tool calls and what is no text included. */
export function wordsOf(messages: readonly ExampleMessage[]): string {
  return messages
    .map(({ role, content, tool_calls, function_call, refusal }) => {
      const parts = Array.isArray(content) ? JSON.stringify(content) : textOf(content);
      const calls = JSON.stringify([tool_calls ?? [], function_call ?? []]);
      return `${role} ${parts} ${refusal ?? ""} ${calls === "[[],[]]" ? "" : calls}`;
    })
    .join("\n");
}
