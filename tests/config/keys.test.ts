import { expect, test } from "vitest";
import { sha256 } from "../../src/keys/secret.ts";
import { changed } from "./good-lines.ts";
import { shownProblems, small, tableOf } from "./tables.ts";

const KEY = "{ secret: 0123456789abcdef, routes: [recipes] }";

test("rights, expiry and the secret before are taken over", () => {
  const keys = {
    app: {
      secret: "the-secret-of-today",
      previous: { sha256: sha256("the-secret-before"), until: "2026-12-31" },
      expires: "2027-01-31T18:00:00+01:00",
      admin: true,
      routes: ["route"],
    },
  };
  expect(tableOf(small({ keys })).keys).toEqual([
    {
      name: "app",
      proofs: [
        { hash: sha256("the-secret-of-today"), until: undefined },
        { hash: sha256("the-secret-before"), until: Date.UTC(2027, 0, 1) },
      ],
      hint: undefined,
      tags: [],
      routes: ["route"],
      forceVariant: false,
      admin: true,
      capture: true,
      expiresAt: Date.UTC(2027, 0, 31, 17),
    },
  ]);
});

test("a date without quotes is read as it is written", () => {
  const config = changed(KEY, "{ secret: 0123456789abcdef, expires: 2027-01-31 }");
  expect(tableOf(config).keys[0]?.expiresAt).toBe(Date.UTC(2027, 1, 1));
});

test("a key that has expired is no problem: the gateway starts all the same", () => {
  expect(shownProblems(changed(KEY, "{ secret: 0123456789abcdef, expires: 2001-01-01 }"))).toEqual([]);
});

const UNTIL = "until: 2027-01-31";

test.each([
  ["a time without zone", "expires: 2027-01-31T18:00:00", "keys.app.expires: a date such as"],
  ["a day that is none", "expires: 2027-02-30", "keys.app.expires: a date such as"],
  ["another way to write dates", "expires: 31/12/2027", "keys.app.expires: a date such as"],
  ["a number", "expires: 1798761600", "keys.app.expires: expected string"],
  ["a word for yes", "admin: maybe", "keys.app.admin: expected boolean"],
  [
    "no end of the secret before",
    "previous: { secret: the-secret-before }",
    "keys.app.previous.until: this key is missing",
  ],
  ["no secret before", `previous: { ${UNTIL} }`, "keys.app.previous: give either `secret` or `sha256`"],
  [
    "a short secret before",
    `previous: { secret: short, ${UNTIL} }`,
    "keys.app.previous.secret: a key needs at least 16",
  ],
  [
    "a bad end of the secret before",
    "previous: { secret: the-secret-before, until: soon }",
    "keys.app.previous.until: a date such as",
  ],
  [
    "the same secret before",
    `previous: { secret: 0123456789abcdef, ${UNTIL} }`,
    "keys.app: `previous` has the same secret",
  ],
  ["an unknown member", "expiry: 2027-01-31", "keys.app.expiry: unknown key `expiry`"],
])("%s is a problem with its line", (_what, member, words) => {
  const problems = shownProblems(changed(KEY, `{ secret: 0123456789abcdef, ${member} }`));
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(`crossover.yaml:19 ${words}`);
});

test("two keys can't have the same secret, in whatever form it is given", () => {
  const same = `${KEY}\n  other: { sha256: ${sha256("0123456789abcdef")} }`;
  expect(shownProblems(changed(KEY, same))).toEqual([
    "crossover.yaml:20 keys.other: the key `app` has the same secret",
  ]);
});
