import { varied } from "./key-forms.ts";
import type { Rule } from "./scanner.ts";

/** The words as the source of an expression that takes small letters and capitals. */
function anyCase(words: string): string {
  return words.replaceAll(/(?<!\\)[a-z]/g, (letter) => `[${letter.toUpperCase()}${letter}]`);
}

const PASSWORD = anyCase("(?:password|passwd|passphrase|passcode|pwd)");
const SECRET = anyCase(
  "(?:secret|token|authorization|credentials?|api[_ -]?key|apikey|(?:access|account|auth|client|encryption|license|master|private|secret|service|session|signing|subscription)[_ -]?key)",
);
/** `key` alone is a common word; as the last part of a name it tells more. */
const KEY = "(?:[_-][Kk]ey|[_-]KEY|(?<=[a-z])Key)";
/** What may follow the word within a name. */
const SUFFIX = anyCase("(?:[_-]?(?:value|access[_-]?key|key|[0-9]{1,2}))?");

/** Between a name and its value: closing quotes, a sign or word of equality. */
const BETWEEN = "\\\\{0,2}[\"'`]?\\]?[ \\t]{0,8}(?:=>|:=|={1,2}|:|\\bis\\b)[ \\t]{0,8}";
/** What may stand before the value: the scheme of an authorization. */
const SCHEME = `(?:${anyCase("(?:bearer|basic|token|digest|api-token|apikey)")}[ ]{1,2})?`;

/** How values are quoted, what they may hold, and where they end. */
const QUOTES = [
  { open: '"', inside: '[^"\\n]', until: /\\[\s\S]|["\n]/g },
  { open: "'", inside: "[^'\\n]", until: /\\[\s\S]|['\n]/g },
  { open: "`", inside: "[^`\\n]", until: /\\[\s\S]|[`\n]/g },
  { open: '\\\\{1,3}"', inside: '[^\\\\"\\n]', until: /["\n\\]/g },
  { open: "", inside: "[^\\s\"'`\\\\,;&<>{}()|]", until: /[\s"'`\\,;&<>{}()|]/g },
] as const;

/** A variable that a shell or a template fills in. */
const VARIABLE = /^(?:\$[{(]|\$[A-Z0-9_]+(?![A-Za-z0-9])|%[A-Z_]+%|\{|<|\[)/;
/** An example's stand-in for a value, or code that reads it from elsewhere. */
const STAND_IN =
  /^(?:\(|\.{3}|\*+$|your|example|changeme|change_me|redacted|placeholder|dummy|process\.|os\.|env\.|None\b|null\b|true\b|false\b|undefined\b)/i;

function isStandIn(value: string): boolean {
  return VARIABLE.test(value) || STAND_IN.test(value) || !varied(value, 3);
}

/** Could this be made by chance? Letters and digits, or long and of many kinds. */
export function looksRandom(value: string): boolean {
  if (isStandIn(value) || value.length < 8 || /\s/.test(value)) return false;
  if (/[0-9]/.test(value)) return /[A-Za-z]/.test(value) && varied(value, 5);
  return value.length >= 16 && /[a-z][A-Z]/.test(value) && varied(value, 10);
}

/** A quoted password can be any word; a bare one after its name must not be mere prose. */
function passwordLength(quoted: boolean): (value: string) => number {
  return (value) => {
    if (isStandIn(value) || value.length < 4) return 0;
    return quoted || /[^A-Za-z]|[a-z][A-Z]/.test(value) ? value.length : 0;
  };
}

function randomLength(value: string): number {
  return looksRandom(value) ? value.length : 0;
}

function randomKeyLength(value: string): number {
  return value.length >= 16 && looksRandom(value) ? value.length : 0;
}

function named(
  first: string,
  names: string,
  kind: string,
  lengthOf: (quoted: boolean) => (value: string) => number,
): readonly Rule[] {
  return QUOTES.map(({ open, inside, until }) => ({
    kind,
    first,
    starts: names,
    head: `(${names}${SUFFIX}${BETWEEN}${open}${SCHEME})${inside}{4,64}`,
    check: lengthOf(open !== ""),
    until,
  }));
}

const CURL_USER = "(?<![A-Za-z0-9-])-(?:u|-user)[ =]";
const CREDENTIAL_END = /[^A-Za-z0-9._~+/=-]/g;

/** Values that follow a name or a scheme that tells what they are. */
export const NAMED_VALUES: readonly Rule[] = [
  ...named("Pp", PASSWORD, "password", passwordLength),
  ...named("aAcCeElLmMpPsStT", SECRET, "secret", () => randomLength),
  ...named("K_-", KEY, "secret", () => randomKeyLength),
  {
    kind: "token",
    first: "Bb",
    starts: anyCase("(?:bearer|basic) "),
    head: `(${anyCase("(?:bearer|basic)")}[ ]{1,3})[A-Za-z0-9._~+/=-]{8,96}`,
    check: (value) =>
      !isStandIn(value) && varied(value, 5) && /[0-9=]|[a-z][A-Z]/.test(value) ? value.length : 0,
    until: CREDENTIAL_END,
  },
  {
    kind: "password", // https://user:password@host
    first: ":",
    starts: "://",
    head: "(://[^\\s/:@\"'<>[\\]]{0,64}:)[^\\s/@\"'<>]{1,256}(?=@)",
    check: (value) => (VARIABLE.test(value) ? 0 : value.length),
  },
  {
    kind: "secret", // in the address of a request
    first: "?&",
    starts: `[?&]${anyCase("(?:key|sig|code|signature|auth|pass)")}=`,
    head: `([?&]${anyCase("(?:key|sig|code|signature|auth|pass)")}=)[^\\s&"'#<>\\\\]{8,96}`,
    check: randomLength,
    until: /[\s&"'#<>\\]/g,
  },
  {
    kind: "password", // curl --user name:password
    first: "-",
    starts: CURL_USER,
    head: `(${CURL_USER}{1,3}["']?[^\\s:"'$<[(]{0,64}["']?:["']?)[^\\s"'$<[(][^\\s"']{3,96}`,
    check: (value) =>
      !/^\{[{$]/.test(value) && /[^A-Za-z]|[a-z][A-Z]/.test(value) && varied(value, 5) ? value.length : 0,
    until: /[\s"']/g,
  },
  {
    kind: "password", // curl --user key:
    first: "-",
    starts: CURL_USER,
    head: `(${CURL_USER}{1,3}["'])[^\\s:"'$<[({]{8,64}(?=:["'])`,
    check: randomLength,
  },
];
