/** Secrets and personal data made up while the tests run, so that no file holds anything like a key. */

/** Numbers that look random and are the same in each run (mulberry32). @returns from [0, 1) */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = generator(25);
const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LOWER = UPPER.toLowerCase();
const DIGITS = "0123456789";
const ALNUM = UPPER + LOWER + DIGITS;

function pick(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet.charAt(Math.floor(random() * alphabet.length))).join("");
}

const alnum = (length: number): string => pick(ALNUM, length);
const digits = (length: number): string => pick(DIGITS, length);
const word = (length: number): string => pick(`${ALNUM}_-`, length - 1) + pick(ALNUM, 1);
const base64 = (bytes: number): string => Buffer.from(alnum(bytes)).toString("base64");
const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** What is to be found, and what stands before and after it that may stay. */
export interface MadeUp {
  readonly before: string;
  readonly secret: string;
  readonly after: string;
}

const alone = (secret: string): MadeUp => ({ before: "", secret, after: "" });
const behind = (before: string, secret: string, after = ""): MadeUp => ({ before, secret, after });

function luhn(start: string): string {
  const sum = [...start].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return start + String((10 - (sum % 10)) % 10);
}

function iban(country: string, account: string): string {
  const numeric = [...`${account}${country}00`].map((character) => Number.parseInt(character, 36)).join("");
  return country + String(98n - (BigInt(numeric) % 97n)).padStart(2, "0") + account;
}

/** Each class with how to make one of it. */
export const SECRETS: Readonly<Record<string, () => MadeUp>> = {
  "OpenAI keys": () => alone(`sk-${random() < 0.5 ? "proj-" : ""}${word(48)}1`),
  "Anthropic keys": () => alone(`sk-ant-api03-${word(93)}2A`),
  "Crossover keys": () => alone(`sk-cx-${word(43)}7`),
  "Hugging Face tokens": () => alone(`hf_${alnum(32)}aB`),
  "Azure keys (32 hex, 84 base62)": () =>
    behind('"api-key": "', random() < 0.5 ? pick("0123456789abcdef", 32) : alnum(84), '"'),
  "AWS access keys": () => alone(`AKIA${pick(`${UPPER}234567`, 16)}`),
  "AWS secret keys": () => behind("aws_secret_access_key = ", `${alnum(20)}/${alnum(19)}`),
  "GitHub tokens": () => alone(random() < 0.5 ? `ghp_${alnum(36)}` : `github_pat_${alnum(22)}_${alnum(59)}`),
  "GitLab tokens": () => alone(`glpat-${word(20)}`),
  "Slack tokens": () => alone(`xoxb-${digits(12)}-${digits(12)}-${alnum(24)}`),
  "Google keys": () => alone(`AIza${word(35)}`),
  "Stripe keys": () => alone(`sk_live_${alnum(24)}`),
  "JSON Web Tokens": () =>
    alone(`${base64url({ alg: "HS256", typ: "JWT" })}.${base64url({ sub: alnum(8) })}.${word(43)}`),
  "private keys": () =>
    alone(
      `-----BEGIN PRIVATE KEY-----\n${base64(48)}\n${base64(48)}\n${base64(20)}\n-----END PRIVATE KEY-----`,
    ),
  "bearer tokens": () => behind("Authorization: Bearer ", word(32)),
  "basic credentials": () => behind("Authorization: Basic ", base64(18)),
  "passwords in addresses": () => behind("postgres://app:", `${alnum(9)}!${alnum(3)}`, "@db.example/x"),
  "keys in addresses": () => behind("https://api.example/v1?key=", alnum(32), "&page=2"),
  "passwords after their name": () => behind('password: "', `${alnum(8)}#9 ${alnum(3)}`, '"'),
  "secrets after their name": () => behind("client_secret=", `${word(30)}5x`),
};

export const PERSONAL: Readonly<Record<string, () => MadeUp>> = {
  "e-mail addresses": () => alone(`${pick(LOWER, 6)}.${alnum(5)}@${pick(LOWER, 8)}.example`),
  "telephone numbers": () => alone(`+49 30 ${pick("123456789", 4)} ${digits(4)}`),
  cards: () => alone(luhn(`4${digits(14)}`)),
  IBANs: () => alone(iban("DE", digits(18))),
  "national ids": () => alone(`2${digits(2)}-${pick("123456789", 2)}-${pick("123456789", 4)}`),
};

/** So many of each class. */
export const OF_EACH = 20;

export function makeUp(classes: Readonly<Record<string, () => MadeUp>>): readonly {
  readonly name: string;
  readonly all: readonly MadeUp[];
}[] {
  return Object.entries(classes).map(([name, make]) => ({
    name,
    all: Array.from({ length: OF_EACH }, make),
  }));
}

/** A number from 0 to `below`. */
export function anywhere(below: number): number {
  return Math.floor(random() * below);
}
