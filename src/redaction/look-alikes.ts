/** A text with its look-alikes in ASCII, and where each of its UTF-16 units stands in the original. */
export interface Folded {
  readonly text: string;
  /** Undefined: in the same place. */
  readonly places: readonly number[] | undefined;
}

const NOT_ASCII = /[^\0-\x7f]/;

/** Characters that show nothing, and that can part a key without being seen. */
const INVISIBLE = /^(?:\u00ad|\u034f|\u180e|[\u200b-\u200f]|[\u2060-\u2064]|[\ufe00-\ufe0f]|\ufeff)$/;
const DASH = /^[\u2010-\u2015\u2212]$/;
const DIGIT = /^\p{Nd}$/u;

/** Letters of other scripts that look like Latin ones; NFKC keeps them apart. */
const LOOK_ALIKE: ReadonlyMap<string, string> = new Map([
  ...pairs("АВЕЅІЈКМНОРСТХУЗаеѕіјкорсухԁԛԝһ", "ABESIJKMHOPCTXY3aesijkopcyxdqwh"),
  ...pairs("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧονρ", "ABEZHIKMNOPTYXovp"),
]);

function pairs(from: string, to: string): [string, string][] {
  return [...from].map((letter, index) => [letter, to.charAt(index)]);
}

/**
 * Full-width and mathematical forms, digits of all scripts, dashes, blanks and letters that look like Latin
 * ones become ASCII; invisible characters go. Each character is looked at by itself.
 */
export function fold(original: string): Folded {
  if (!NOT_ASCII.test(original)) return { text: original, places: undefined };
  let text = "";
  let at = 0;
  const places: number[] = [];
  for (const character of original) {
    const folded = foldCharacter(character);
    for (let unit = 0; unit < folded.length; unit++) places.push(at + unit);
    text += folded;
    at += character.length;
  }
  return { text, places };
}

/** Scripts with many letters, none of which looks like a Latin one: kana, Han and Hangul. */
const PLAIN = /^[\u3041-\u9fff\uac00-\ud7a3]$/;
/** Characters that came before; only so many, as a text can hold all there are. */
const seen = new Map<string, string>();
const MOST_SEEN = 4096;

function foldCharacter(character: string): string {
  if (character <= "\x7f" || PLAIN.test(character)) return character;
  let folded = seen.get(character);
  if (folded === undefined) {
    folded = toAscii(character);
    if (seen.size < MOST_SEEN) seen.set(character, folded);
  }
  return folded;
}

function toAscii(character: string): string {
  if (INVISIBLE.test(character)) return "";
  if (DASH.test(character)) return "-";
  const composed = character.normalize("NFKC");
  if (composed.length === 1 && composed <= "\x7f") return composed;
  if (DIGIT.test(character)) return String(digitValue(character));
  return LOOK_ALIKE.get(character) ?? character;
}

/** Unicode's decimal digits come in rows of ten, from 0 to 9. */
function digitValue(digit: string): number {
  const code = digit.codePointAt(0) ?? 0;
  let zero = code;
  while (code - zero < 9 && DIGIT.test(String.fromCodePoint(zero - 1))) zero--;
  return code - zero;
}
