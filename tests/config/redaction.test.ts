import { expect, test } from "vitest";
import { shownProblems, small, tableOf } from "./tables.ts";

const KEY = "configured-key-of-an-upstream";
const config = {
  server: { adminToken: "token-of-the-admin", metricsToken: "token-of-metrics" },
  providers: { up: { kind: "openai-compatible", baseURL: "http://up.example:1234/v1", apiKey: KEY } },
  models: { base: { provider: "up", model: "m" } },
  variants: { a: { model: "base" } },
};
const TEXT = `${KEY} token-of-the-admin token-of-metrics john@example.com ORDER-77 at up.example:1234`;

test("secrets are always redacted, the configuration's own included; an upstream's address is none", () => {
  const { redaction } = tableOf(small(config));
  const out =
    "[redacted:secret] [redacted:secret] [redacted:secret] john@example.com ORDER-77 at up.example:1234";
  expect(redaction.secrets.redact(TEXT)).toBe(out);
  expect(redaction.stored.redact(TEXT)).toBe(out);
});

test("kinds of personal data and own patterns are for what is stored", () => {
  const { redaction } = tableOf(
    small({ ...config, redaction: { pii: ["email"], patterns: [{ name: "order", match: "ORDER-\\d+" }] } }),
  );
  expect(redaction.secrets.redact(TEXT)).toContain("john@example.com ORDER-77");
  expect(redaction.stored.redact(TEXT)).toContain("[redacted:email] [redacted:order]");
});

test("a pattern of one's own never takes long, nor finds its own placeholders", () => {
  const { redaction } = tableOf(
    small({
      redaction: {
        patterns: [
          { name: "hard", match: "(a+)+$" },
          { name: "all", match: "[a-z]+" },
        ],
      },
    }),
  );
  const { stored } = redaction;
  expect(stored.redact(`${"a".repeat(30_000)}!`)).not.toContain("a!");
  expect(stored.redact("abc [redacted:email] 1")).toBe("[redacted:all] [redacted:email] 1");
  const stream = stored.stream();
  expect(stream.push("ab") + stream.push("c\nx") + stream.end()).toBe("[redacted:all]\n[redacted:all]");
});

test("what can't be used is a problem with its line and key", () => {
  const text = `
providers: { sim: { kind: simulator } }
redaction:
  pii: [email, fax]
`;
  expect(shownProblems(text)[0]).toMatch(/^crossover\.yaml:4 redaction\.pii\[1\]: expected one of "email"/);
  expect(
    shownProblems(`
redaction:
  patterns:
    - { name: one, match: "(" }
    - { name: two, match: "x*" }
    - { name: ahead, match: "a(?=b)" }
`),
  ).toEqual([
    expect.stringMatching(
      /^crossover\.yaml:4 redaction\.patterns\[0\]\.match: the pattern can't be used \(RE2/,
    ),
    expect.stringMatching(
      /^crossover\.yaml:5 redaction\.patterns\[1\]\.match: the pattern matches an empty text/,
    ),
    expect.stringMatching(/^crossover\.yaml:6 redaction\.patterns\[2\]\.match: the pattern can't be used/),
  ]);
  expect(shownProblems('redaction: { patterns: [{ name: "a b", match: x }] }')).toEqual([
    expect.stringContaining("redaction.patterns[0].name: a name has"),
  ]);
});
