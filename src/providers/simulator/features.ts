/** How many features a text is hashed to. More would tell texts apart better, and take longer to train on. */
export const DIMENSIONS = 1024;

/** A text as a sparse vector of unit length: `indexes` go up, and none stands twice. */
export interface Features {
  readonly indexes: Uint16Array;
  readonly values: Float32Array;
}

/** How much an n-gram counts: a word tells most, what two words share in spelling least. */
const WORD = 1;
const BIGRAM = 0.7;
const CHARACTERS = 0.4;
const CHARACTER_RUN = 4;

/** The words of a text, in lower case. */
export function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Words, pairs of neighbours and runs of four characters, each hashed to one of the features. */
export function featuresOf(words: readonly string[]): Features {
  const weights = new Map<number, number>();
  const add = (ngram: string, weight: number): void => {
    const index = hashOf(ngram) % DIMENSIONS;
    weights.set(index, Math.max(weight, weights.get(index) ?? 0));
  };
  words.forEach((word, at) => {
    add(word, WORD);
    if (at > 0) add(`${words[at - 1]} ${word}`, BIGRAM);
    const framed = `<${word}>`;
    for (let start = 0; start + CHARACTER_RUN <= framed.length; start++)
      add(`#${framed.slice(start, start + CHARACTER_RUN)}`, CHARACTERS);
  });
  const entries = [...weights].sort(([a], [b]) => a - b);
  const length = Math.sqrt(entries.reduce((sum, [, weight]) => sum + weight * weight, 0));
  return {
    indexes: Uint16Array.from(entries, ([index]) => index),
    values: Float32Array.from(entries, ([, weight]) => weight / length),
  };
}

/** The cosine of the angle between two texts: 0 when they share nothing, 1 when they are alike. */
export function likeness(a: Features, b: Features): number {
  let sum = 0;
  for (let i = 0, j = 0; i < a.indexes.length && j < b.indexes.length; ) {
    const left = a.indexes[i] ?? 0;
    const right = b.indexes[j] ?? 0;
    if (left === right) sum += (a.values[i++] ?? 0) * (b.values[j++] ?? 0);
    else if (left < right) i++;
    else j++;
  }
  return sum;
}

/** FNV-1a over UTF-16, mixed at the end: far cheaper than hashing bytes, as it is done for every n-gram. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
