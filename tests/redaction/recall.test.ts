import { expect, test } from "vitest";
import type { Redactor } from "../../src/domain/redactor.ts";
import { PERSONAL_KINDS } from "../../src/domain/redactor.ts";
import { newRedactor } from "../../src/redaction/redactor.ts";
import { readPage } from "../support/markdown.ts";
import { anywhere, type MadeUp, makeUp, OF_EACH, PERSONAL, SECRETS } from "./made-up.ts";
import { LEAKS, NO_LEAKS, SENTENCES } from "./samples.ts";

const always = newRedactor();
const personal = newRedactor({ personal: PERSONAL_KINDS });

const CLASSES = [
  ...makeUp(SECRETS).map((one) => ({ ...one, redactor: always })),
  ...makeUp(PERSONAL).map((one) => ({ ...one, redactor: personal })),
];

/** Where a secret may stand: alone, within a sentence, in JSON, in a log's line, in another script. */
const PLACES: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => `I tried ${text} and it failed.`,
  (text) => `first line\n${text}\nlast line`,
  (text) => `{"content":${JSON.stringify(`see ${text}`)},"n":1}`,
  (text) => `(${text})`,
  (text) => `これは ${text} です`,
  (text) => `${"some words of a long talk ".repeat(60)}${text}${" and more of it".repeat(60)}`,
];

function inPieces(redactor: Redactor, text: string, cuts: readonly number[]): string {
  const stream = redactor.stream();
  const edges = [0, ...cuts.toSorted((a, b) => a - b), text.length];
  const pieces = edges.slice(1).map((end, index) => stream.push(text.slice(edges[index], end)));
  return pieces.join("") + stream.end();
}

/** A run of the secret that is long enough to tell it. */
function leaks(out: string, { secret }: MadeUp): boolean {
  const size = Math.min(8, secret.length);
  return Array.from({ length: secret.length - size + 1 }, (_, at) => secret.slice(at, at + size)).some(
    (part) => /[A-Za-z0-9@]/.test(part) && !part.startsWith("-----") && out.includes(part),
  );
}

interface Measured {
  readonly name: string;
  readonly of: number;
  readonly found: number;
}

const textsOf = (made: MadeUp): readonly string[] =>
  PLACES.map((place) => place(made.before + made.secret + made.after));

const byClass = CLASSES.map(({ name, all, redactor }): Measured => {
  const hits = all.flatMap((made) => textsOf(made).map((text) => !leaks(redactor.redact(text), made)));
  return { name, of: hits.length, found: hits.filter(Boolean).length };
});

test.each(byClass)("of $name at least 99 in 100 are found wherever they stand", ({ of, found: hits }) => {
  expect(hits / of).toBeGreaterThanOrEqual(0.99);
});

test.each(CLASSES)("$name are redacted the same however the text is cut", ({ all, redactor }) => {
  for (const text of all.flatMap(textsOf)) {
    const whole = redactor.redact(text);
    const cuts = Array.from({ length: 6 }, () => anywhere(text.length));
    for (const some of [cuts.slice(0, 1), cuts]) expect(inPieces(redactor, text, some)).toBe(whole);
    expect(redactor.redact(whole)).toBe(whole);
  }
});

test("there are 500 of them", () => {
  expect(CLASSES.length * OF_EACH).toBe(500);
});

function found(redactor: Redactor, text: string): boolean {
  return redactor.redact(text) !== text;
}

function measure(name: string, texts: readonly string[], redactor: Redactor): Measured {
  return { name, of: texts.length, found: texts.filter((text) => found(redactor, text)).length };
}

const services = [...new Set(LEAKS.map(({ service }) => service))].sort();
const byService = services.map((service) =>
  measure(
    service,
    LEAKS.filter((leak) => leak.service === service).map(({ text }) => text),
    always,
  ),
);

const ENTITIES = {
  EMAIL_ADDRESS: "e-mail addresses",
  PHONE_NUMBER: "telephone numbers",
  CREDIT_CARD: "cards",
  US_SSN: "US social security numbers",
} as const;
const byEntity = Object.entries(ENTITIES).map(([type, name]): Measured => {
  const hits = SENTENCES.flatMap(({ text, entities }) =>
    entities
      .filter((entity) => entity.type === type)
      .map(({ value }) => !personal.redact(text).includes(value)),
  );
  return { name, of: hits.length, found: hits.filter(Boolean).length };
});

const plain = SENTENCES.filter(({ entities }) => entities.every(({ type }) => !(type in ENTITIES)));
const falsely = [
  measure(
    "texts that look as if they held a key",
    NO_LEAKS.map(({ text }) => text),
    always,
  ),
  measure(
    "sentences without these kinds, keys alone",
    SENTENCES.map(({ text }) => text),
    always,
  ),
  measure(
    "sentences without these kinds, all kinds of personal data",
    plain.map(({ text }) => text),
    personal,
  ),
];

test("of the texts that hold a secret, 99 in 100 are redacted", () => {
  const hits = LEAKS.filter(({ text }) => found(always, text)).length;
  expect(hits / LEAKS.length).toBeGreaterThanOrEqual(0.99);
  expect(LEAKS.length).toBeGreaterThan(120);
});

test("personal data in sentences is found", () => {
  for (const { name, of, found: hits } of byEntity) expect([name, hits]).toEqual([name, of]);
});

test("texts that look as if they held a key mostly stay as they are", () => {
  const [looks, ...sentences] = falsely;
  expect((looks?.found ?? 0) / (looks?.of ?? 1)).toBeLessThan(0.15);
  for (const { name, found: hits } of sentences) expect([name, hits]).toEqual([name, 0]);
});

test("docs/redaction.md has what was measured", () => {
  const row = ({ name, of, found: hits }: Measured): string => `| ${name} | ${of} | ${hits} |`;
  const rows = [...byClass.map(row), ...byService.map(row), ...byEntity.map(row), ...falsely.map(row)];
  const page = readPage("docs/redaction.md").split("\n");
  expect(rows.filter((one) => !page.includes(one))).toEqual([]);
});
