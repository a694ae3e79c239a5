import type { PersonalKind } from "../domain/redactor.ts";
import {
  isCodiceFiscale,
  isCpf,
  isFrenchSocialSecurityNumber,
  isGermanTaxId,
  isLuhn,
  isMod97,
  isNationalInsuranceNumber,
  isSocialSecurityNumber,
  isSpanishId,
} from "./check-digits.ts";
import type { Rule } from "./scanner.ts";

const LATIN = "A-Za-z0-9\\u00c0-\\u024f";
/** No part of a longer number, word or fraction. */
const FRESH = "(?<![A-Za-z0-9_])(?<![0-9][.,])";
const CLOSED = "(?![A-Za-z0-9_])";
/** A blank, a dash or neither. */
const GAP = "[ -]?";

function ifTrue(holds: (found: string) => boolean): (found: string) => number {
  return (found) => (holds(found) ? found.length : 0);
}

/** @param starts the first part of the form, enough to tell it from a common word */
function nationalId(first: string, starts: string, rest: string, holds: (found: string) => boolean): Rule {
  return {
    kind: "national-id",
    first,
    starts: FRESH + starts,
    head: FRESH + starts + rest + CLOSED,
    check: ifTrue(holds),
  };
}

const EMAIL: Rule = {
  kind: "email",
  first: `${LATIN}._%+'-`,
  starts: `(?<![${LATIN}._%+'-])[${LATIN}._%+'-]{1,64}@`,
  head: `(?<![${LATIN}._%+'-])[${LATIN}._%+'-]{1,64}@[${LATIN}.-]{1,190}\\.[A-Za-z\\u00c0-\\u024f]{2,24}(?![${LATIN}])`,
};

const CARD: Rule = {
  kind: "card",
  first: "2-6",
  starts: `${FRESH}[2-6]`,
  head: `${FRESH}[2-6](?:${GAP}[0-9]){12,18}${CLOSED}`,
  check: cardLength,
};

/** How much of the text is a card's number; groups of other digits may follow. */
function cardLength(found: string): number {
  const ends = [...found.matchAll(/[ -]|$/g)].map(({ index }) => index).reverse();
  return ends.find((end) => isCard(found.slice(0, end))) ?? 0;
}

function isCard(text: string): boolean {
  const digits = text.replaceAll(/\D/g, "");
  return digits.length >= 13 && isLuhn(digits) && new Set(digits).size > 1;
}

/** Lengths of IBANs by country. */
const IBAN_LENGTHS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    15: "NO",
    16: "BE",
    18: "DK FI FO GL NL",
    19: "MK SI",
    20: "AT BA EE KZ LT LU XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI FR GR IT MC MR SM",
    28: "AL AZ BY CY DO EG GT HU LB NI PL SV",
    29: "BR PS QA UA",
    30: "JO KW MU",
    31: "MT SC",
  }).flatMap(([length, countries]) =>
    countries.split(" ").map((country): [string, number] => [country, Number(length)]),
  ),
);

/** How much of the text is an IBAN; the country tells how long it must be. */
function ibanLength(found: string): number {
  const length = IBAN_LENGTHS.get(found.slice(0, 2).toUpperCase());
  if (length === undefined) return 0;
  let [at, compact] = [0, ""];
  for (; at < found.length && compact.length < length; at++) {
    if (/[A-Za-z0-9]/.test(found.charAt(at))) compact += found.charAt(at).toUpperCase();
  }
  const whole = compact.length === length && !/^[A-Za-z0-9]/.test(found.slice(at));
  return whole && isMod97(compact) ? at : 0;
}

const IBAN: Rule = {
  kind: "iban",
  first: "A-Za-z",
  starts: `${FRESH}[A-Za-z]{2}[0-9]{2}`,
  head: `${FRESH}[A-Za-z]{2}[0-9]{2}(?:${GAP}[A-Za-z0-9]){11,31}`,
  check: ibanLength,
};

/** A date, an address of the internet, a number with its thousands apart. */
const NO_PHONE =
  /^(?:(?:19|20)\d\d[-./ ]\d{1,2}[-./ ]\d{1,2}\b|\d{1,2}[-./ ]\d{1,2}[-./ ](?:19|20)\d\d\b|\d{1,3}(?:\.\d{1,3}){3}$|[1-9]\d{0,2}(?: \d{3})+$|[1-9]\d{0,2}(?:\.\d{3})+$)/;

function isPhone(found: string): boolean {
  const [number = ""] = found.split(/ ?(?:x|ext)/);
  const digits = number.replaceAll(/\D/g, "").length;
  return digits >= 8 && digits <= 15 && !NO_PHONE.test(number);
}

const EXTENSION = "(?: ?(?:x|ext\\.?) ?[0-9]{1,6})?";
const PHONES: readonly Rule[] = [
  {
    kind: "phone", // international
    first: "+",
    starts: "(?<![A-Za-z0-9_+])\\+[0-9]",
    head: `(?<![A-Za-z0-9_+])\\+[0-9](?:[ ().\\/-]{0,2}[0-9]){6,14}${EXTENSION}${CLOSED}`,
    check: ifTrue(isPhone),
  },
  {
    kind: "phone", // groups of digits; the first may be in brackets
    first: "(0-9",
    starts: `${FRESH}(?<![.\\/:+-])\\(?[0-9]{2,4}\\)?[ .\\/-]`,
    head: `${FRESH}(?<![.\\/:+-])(?:[01]{1,3}[ .-])?\\(?[0-9]{2,4}\\)?[ .\\/-]{1,2}[0-9]{2,4}[ .-][0-9]{2,5}(?:[ .-][0-9]{2,4})?(?:[ .-][0-9]{2})?${EXTENSION}(?![A-Za-z0-9_]|[-.,:\\/][0-9])`,
    check: ifTrue(isPhone),
  },
  {
    kind: "phone", // (96) 627-277
    first: "(",
    starts: "(?<![A-Za-z0-9_])\\([0-9]",
    head: `(?<![A-Za-z0-9_])\\([0-9]{2,4}\\) ?[0-9]{3,5}(?:[ .-][0-9]{2,5})?${EXTENSION}${CLOSED}`,
    check: ifTrue(isPhone),
  },
  {
    kind: "phone", // 1-800-555-0199
    first: "1",
    starts: `${FRESH}(?<![.\\/:+-])1[ .-]`,
    head: `${FRESH}(?<![.\\/:+-])1[ .-]\\(?[0-9]{3}\\)?[ .-][0-9]{3}[ .-][0-9]{4}${EXTENSION}${CLOSED}`,
    check: ifTrue(isPhone),
  },
];

const DIGIT = "0-9";
const LETTER = "A-Za-z";
/** Digits of a codice fiscale; letters stand for them where two people would have the same one. */
const CODICE_DIGIT = "[0-9LMNPQRSTUVlmnpqrstuv]";

const NATIONAL_IDS: readonly Rule[] = [
  nationalId(DIGIT, "[0-9]{3}[- ]", "[0-9]{2}[- ][0-9]{4}", isSocialSecurityNumber),
  nationalId(
    "A-Z",
    "[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]",
    "[0-9] ?[0-9]{2} ?[0-9]{2} ?[A-D]",
    isNationalInsuranceNumber,
  ),
  nationalId(DIGIT, "[1-9][0-9] ?[0-9]{3}", " ?[0-9]{3} ?[0-9]{3}", isGermanTaxId),
  nationalId("X-Zx-z", "[XYZxyz]-?[0-9]", "[0-9]{6}-?[A-Za-z]", isSpanishId),
  nationalId(DIGIT, "[0-9]{8}", "-?[A-Za-z]", isSpanishId),
  nationalId(
    "12",
    "[12] ?[0-9]{2} ?[0-9]{2}",
    " ?(?:[0-9]{2}|2[AB]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}",
    isFrenchSocialSecurityNumber,
  ),
  nationalId(DIGIT, "[0-9]{3}\\.?[0-9]{3}", "\\.?[0-9]{3}-?[0-9]{2}", isCpf),
  nationalId(
    LETTER,
    `[A-Za-z]{6}${CODICE_DIGIT}{2}[A-Za-z]`,
    `${CODICE_DIGIT}{2}[A-Za-z]${CODICE_DIGIT}{3}[A-Za-z]`,
    isCodiceFiscale,
  ),
];

const RULES: Readonly<Record<PersonalKind, readonly Rule[]>> = {
  email: [EMAIL],
  iban: [IBAN],
  card: [CARD],
  "national-id": NATIONAL_IDS,
  phone: PHONES,
};

/** Rules for these kinds. What can be checked goes before telephone numbers, which have no check digit. */
export function personalRules(kinds: readonly PersonalKind[]): readonly Rule[] {
  const order: readonly PersonalKind[] = ["email", "iban", "card", "national-id", "phone"];
  return order.filter((kind) => kinds.includes(kind)).flatMap((kind) => RULES[kind]);
}
