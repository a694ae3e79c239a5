/**
 * Words of a text for the search, the same for both databases. A change here needs a migration that builds the index anew.
 */

/** Of one text; what comes after can't be found. */
const MOST_CHARACTERS = 100_000;
/** Longer words, such as base64, are found by their beginning. */
const LONGEST_WORD = 64;

/** A word that is searched for. */
export interface Term {
  readonly word: string;
  /** Any word that begins so will do. */
  readonly begins: boolean;
}

const ASCII = /^[\0-\x7f]*$/;
const ASCII_WORD = /[a-z0-9]+/g;
const WORD = /[\p{L}\p{N}\p{M}]+/gu;
const DIACRITICS = /[\u0300-\u036f]+/g;
/** Runs of the scripts that put no spaces between words, and what stands between such runs. */
const SCRIPTS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+|[^\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+/gu;
const UNSPACED =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/**
 * The words of these texts, each once, without case and accents. Where a script has no spaces between words, each two neighbours are
 * a word, and the last character.
 * @example wordsOf(["Crème brûlée!", "牛肉面"]) // ["creme", "brulee", "牛肉", "肉面", "面"]
 */
export function wordsOf(texts: readonly string[]): readonly string[] {
  const words = new Set<string>();
  for (const text of texts)
    for (const run of runsOf(text)) {
      if (!UNSPACED.test(run)) words.add(cut(run));
      else {
        const characters = [...run];
        for (const [i, character] of characters.entries()) words.add(character + (characters[i + 1] ?? ""));
      }
    }
  return [...words];
}

/**
 * What somebody typed. A star after a word takes all words that begin so: not each last word does, since a search for a beginning
 * has to look at all words that have it.
 * @example termsOf("tomato sou*") // [{ word: "tomato", begins: false }, { word: "sou", begins: true }]
 */
export function termsOf(search: string): readonly Term[] {
  return search.split(/\s+/).flatMap((piece) => {
    const terms = runsOf(piece).flatMap(termsOfRun);
    return terms.map((term, i) =>
      i === terms.length - 1 && piece.endsWith("*") ? { ...term, begins: true } : term,
    );
  });
}

function termsOfRun(run: string): readonly Term[] {
  if (!UNSPACED.test(run)) return [{ word: cut(run), begins: false }];
  const characters = [...run];
  if (characters.length === 1) return [{ word: run, begins: true }];
  return characters.slice(1).map((character, i) => ({ word: `${characters[i]}${character}`, begins: false }));
}

/** Runs of letters and digits, of one kind of script each. */
function runsOf(text: string): readonly string[] {
  const short = text.length > MOST_CHARACTERS ? text.slice(0, MOST_CHARACTERS) : text;
  if (ASCII.test(short)) return short.toLowerCase().match(ASCII_WORD) ?? [];
  const plain = short.normalize("NFKD").toLowerCase().replace(DIACRITICS, "");
  return (plain.match(WORD) ?? []).flatMap((word) => word.match(SCRIPTS) ?? []);
}

function cut(word: string): string {
  return word.length > LONGEST_WORD ? word.slice(0, LONGEST_WORD).toWellFormed() : word;
}
