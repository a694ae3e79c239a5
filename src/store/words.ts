/**
 * Words of a text for the search, the same for both databases. A change here needs a migration that builds the index anew:
 * SQLite's index forgets a text only when it is told the very words that it was given.
 */

/** Of one text; what comes after can't be found. */
const MOST_CHARACTERS = 100_000;
/** Longer words, such as base64, are found by their beginning. */
const LONGEST_WORD = 64;

/**
 * Scripts that put no spaces between words: each of their characters is a word, and neighbours in what is searched for must
 * be neighbours in the text.
 */
const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]\p{M}*|[[\p{L}\p{N}\p{M}]--[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]]+/gv;
const DIACRITICS = /[\u0300-\u036f]+/g;
const ASCII = /^[\0-\x7f]*$/;
const ASCII_WORD = /[a-z0-9]+/g;

/** @example wordsOf("Crème brûlée, 2 Eier") // ["creme", "brulee", "2", "eier"] */
export function wordsOf(text: string): readonly string[] {
  const cut = text.length > MOST_CHARACTERS ? text.slice(0, MOST_CHARACTERS) : text;
  const words = ASCII.test(cut) ? cut.toLowerCase().match(ASCII_WORD) : plain(cut).match(WORD);
  if (words === null) return [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word !== undefined && word.length > LONGEST_WORD)
      words[i] = word.slice(0, LONGEST_WORD).toWellFormed();
  }
  return words;
}

/** Without case and accents. */
function plain(text: string): string {
  return text.normalize("NFKD").toLowerCase().replace(DIACRITICS, "");
}

/** What somebody typed: each piece between spaces is a term of one word or of words that follow each other. */
export function termsOf(search: string): readonly (readonly string[])[] {
  return search
    .split(/\s+/)
    .map(wordsOf)
    .filter((words) => words.length > 0);
}
