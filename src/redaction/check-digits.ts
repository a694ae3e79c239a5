/** Numbers that tell by their check digits, or by ranges never given out, whether they can be real. */

function digitsOf(text: string): readonly number[] {
  return [...text].filter((character) => character >= "0" && character <= "9").map(Number);
}

function weighted(digits: readonly number[], weight: (index: number) => number): number {
  return digits.reduce((sum, digit, index) => sum + digit * weight(index), 0);
}

/** United States: no 000, 666 or 9xx, no group 00, no serial 0000. */
export function isSocialSecurityNumber(text: string): boolean {
  return !/^(?:000|666|9)|^...\D?00|0000$/.test(text);
}

/** United Kingdom: prefixes that are not in use. */
export function isNationalInsuranceNumber(text: string): boolean {
  return !/^(?:BG|GB|KN|NK|NT|TN|ZZ)/.test(text);
}

/** Germany, Steuer-Identifikationsnummer: ISO 7064 MOD 11,10, and one digit of the first ten twice or thrice. */
export function isGermanTaxId(text: string): boolean {
  const digits = digitsOf(text);
  const first = digits.slice(0, 10);
  const repeated = [8, 9].includes(new Set(first).size);
  if (digits[0] === 0 || !repeated) return false;
  const product = first.reduce((before, digit) => {
    const sum = (digit + before) % 10;
    return ((sum === 0 ? 10 : sum) * 2) % 11;
  }, 10);
  return (11 - product) % 10 === digits[10];
}

/** Spain, DNI and NIE: the letter follows from the number modulo 23. */
export function isSpanishId(text: string): boolean {
  const compact = text.replace("-", "").toUpperCase();
  const number = Number(compact.slice(0, -1).replace(/^[XYZ]/, (letter) => String("XYZ".indexOf(letter))));
  return "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23] === compact.at(-1);
}

/** France, numéro de sécurité sociale: the key is 97 less the number modulo 97; Corsica counts as 19 and 18. */
export function isFrenchSocialSecurityNumber(text: string): boolean {
  const compact = text.replaceAll(" ", "").toUpperCase().replace("2A", "19").replace("2B", "18");
  return 97 - Number(BigInt(compact.slice(0, 13)) % 97n) === Number(compact.slice(13));
}

/** Brazil, CPF: two check digits modulo 11. */
export function isCpf(text: string): boolean {
  const digits = digitsOf(text);
  if (new Set(digits).size === 1) return false;
  return [9, 10].every((length) => {
    const sum = weighted(digits.slice(0, length), (index) => length + 1 - index);
    return ((sum * 10) % 11) % 10 === digits[length];
  });
}

/** Values of the characters at odd places of a codice fiscale, 0-9 and then A-Z. */
const ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
const ODD_LETTERS = [...ODD, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

/** Italy, codice fiscale: the last letter follows from the others. */
export function isCodiceFiscale(text: string): boolean {
  const compact = text.toUpperCase();
  const sum = [...compact.slice(0, 15)].reduce((total, character, index) => {
    const value = character <= "9" ? Number(character) : character.charCodeAt(0) - 0x41;
    const odd = character <= "9" ? ODD[value] : ODD_LETTERS[value];
    return total + (index % 2 === 0 ? (odd ?? 0) : value);
  }, 0);
  return String.fromCharCode(0x41 + (sum % 26)) === compact.at(-1);
}

/** Cards: Luhn's sum. */
export function isLuhn(text: string): boolean {
  const digits = digitsOf(text).toReversed();
  const sum = digits.reduce((total, digit, index) => {
    const value = index % 2 === 0 ? digit : digit * 2;
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

/** ISO 7064 MOD 97-10, as IBANs have it. @param compact without blanks, in capitals */
export function isMod97(compact: string): boolean {
  const turned = compact.slice(4) + compact.slice(0, 4);
  const remainder = [...turned].reduce((rest, character) => {
    const value = Number.parseInt(character, 36);
    return (rest * (value > 9 ? 100 : 10) + value) % 97;
  }, 0);
  return remainder === 1;
}
