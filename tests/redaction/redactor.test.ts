import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import type { Redactor } from "../../src/domain/redactor.ts";
import { PERSONAL_KINDS } from "../../src/domain/redactor.ts";
import { newRedactor } from "../../src/redaction/redactor.ts";
import { REACH } from "../../src/redaction/scanner.ts";
import { LEAKS, NO_LEAKS, SENTENCES } from "./samples.ts";

const SECRET = 'own key/with "quotes" + Ünicode';
const custom = {
  name: "ticket",
  find: (text: string) => {
    const match = /TICKET-[0-9]+/.exec(text);
    return match === null ? undefined : { start: match.index, end: match.index + match[0].length };
  },
};
const always = newRedactor();
const oneStage = newRedactor({ personal: PERSONAL_KINDS });
const everything = newRedactor({ secrets: [SECRET], personal: PERSONAL_KINDS, patterns: [custom] });

function inPieces(redactor: Redactor, pieces: readonly string[]): string {
  const stream = redactor.stream();
  return pieces.map((piece) => stream.push(piece)).join("") + stream.end();
}

/** Parts of forms, so that chance puts whole, broken and overlapping ones side by side. */
const fragments = fc.constantFrom(
  ..."\n \"'\\=:@.-_+/?&,;[](){}<>$",
  "a",
  "Zz9",
  "٣",
  "１",
  "＠",
  "\u200b",
  "а",
  "\u{1d7d8}",
  "\ud83d",
  "password",
  "api_key",
  "token",
  "secret_key",
  "Bearer ",
  "Basic ",
  "sk-",
  "sk-proj-abcdefGH1234567890",
  "hf_",
  "AKIA",
  "ABCDEFGH23456723",
  "eyJ",
  "eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.",
  "://",
  "https://u:p4ss@host",
  "?key=abcd1234efgh",
  "-----BEGIN PRIVATE KEY-----",
  "-----END PRIVATE KEY-----",
  "MIIEvQIBADANBg\n",
  "\\n",
  "[redacted:",
  "[redacted:email]",
  "[redacted:ticket]",
  "email]",
  "john.doe@example.com",
  "4111 1111 1111 1111",
  "DE89 3704 0044 0532 0130 00",
  "123-45-6789",
  "+49 30 1234 5678",
  "555-123-4567",
  "-u name:pa55word",
  "TICKET-12",
  SECRET,
  SECRET.slice(0, 9),
  "x".repeat(300),
  "7".repeat(40),
);
const hostile = fc.array(fragments, { maxLength: 60 }).map((parts) => parts.join(""));
const long = fc
  .tuple(hostile, fc.nat(2000), hostile)
  .map(([one, length, two]) => `${one}${"lorem ipsum ".repeat(length / 4)}${two}`);

const sizes = fc.infiniteStream(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 2000 })));

function cut(text: string, lengths: Iterator<number>): readonly string[] {
  const pieces: string[] = [];
  for (let from = 0; from < text.length; ) {
    const { value } = lengths.next();
    pieces.push(text.slice(from, from + value));
    from += value;
  }
  return pieces;
}

test.each([
  ["keys alone", always],
  ["all kinds", everything],
])("a text is redacted the same however it is cut: %s", (_name, redactor) => {
  fc.assert(
    fc.property(fc.oneof(hostile, long), sizes, (text, lengths) => {
      expect(inPieces(redactor, cut(text, lengths[Symbol.iterator]()))).toBe(redactor.redact(text));
    }),
    { numRuns: 400 },
  );
});

test.each([
  ["keys alone", always],
  ["all kinds", everything],
])("redacting twice changes nothing more: %s", (_name, redactor) => {
  fc.assert(
    fc.property(hostile, (text) => {
      const once = redactor.redact(text);
      expect(redactor.redact(once)).toBe(once);
    }),
    { numRuns: 2000 },
  );
  for (const { text } of [...LEAKS, ...NO_LEAKS, ...SENTENCES]) {
    const once = redactor.redact(text);
    expect(redactor.redact(once)).toBe(once);
  }
});

test("a known secret is found in any text, and in the forms in which it may be quoted", () => {
  fc.assert(
    fc.property(hostile, hostile, (before, after) => {
      expect(everything.redact(before + SECRET + after)).not.toContain(SECRET);
    }),
    { numRuns: 500 },
  );
  const json = JSON.stringify(SECRET).slice(1, -1);
  for (const form of [
    json,
    json.replaceAll("/", "\\/"),
    encodeURIComponent(SECRET),
    encodeURIComponent(SECRET).toLowerCase().replace("ünicode", "").replace("nicode", "Unicode"),
    encodeURIComponent(SECRET).replaceAll("%20", "+"),
  ].filter((one) => !one.includes("Unicode")))
    expect(everything.redact(`> ${form} <`)).toBe("> [redacted:secret] <");
  for (const around of ["", "a", "ab", "user:"]) {
    const encoded = Buffer.from(`${around}${SECRET}${around}`).toString("base64");
    for (const form of [encoded, encoded.replaceAll("+", "-").replaceAll("/", "_")]) {
      const out = everything.redact(form).replace("[redacted:secret]", "");
      expect(out.length).toBeLessThan(around.length * 3 + 8);
    }
  }
  const token = "t".repeat(90) + "u".repeat(700) + "v".repeat(90);
  expect(newRedactor({ secrets: [token] }).redact(`(${token})`)).not.toMatch(/[tuv]{6}/);
});

test("a known secret goes even when another finding would end in its middle", () => {
  const redactor = newRedactor({ secrets: ["abc def"] });
  expect(redactor.redact("password=xyz1abc def ghi")).toBe("password=[redacted:password] ghi");
});

test("look-alikes are found, and the text around stays as it is", () => {
  for (const [text, out] of [
    ["Ｓend to ｊｏｈｎ＠ｅｘａｍｐｌｅ．ｃｏｍ ok", "Ｓend to [redacted:email] ok"],
    ["card ４１１１１１１１１１１１１１１１ é", "card [redacted:card] é"],
    ["٤١١١ ١١١١ ١١١١ ١١١١", "[redacted:card]"],
    ["\u{1d7d2}111\u2011\u{1d7cf}111-1111\u20131111", "[redacted:card]"],
    ["jоhn@еxample.com", "[redacted:email]"],
    ["sk-pro\u200bj-abc\u00addefGH1234567890, \u200bnext", "[redacted:api-key], \u200bnext"],
    ["SSN １２３－４５－６７８９", "SSN [redacted:national-id]"],
  ])
    expect(everything.redact(text ?? "")).toBe(out);
});

test("a text without findings comes back as it is", () => {
  for (const text of [
    "",
    "Quick tomato soup",
    "max_tokens: 4096, token_type: bearer",
    "キー \u200b é",
    "password: required",
  ])
    expect(everything.redact(text)).toBe(text);
  const value = {
    model: "m",
    messages: [{ role: "user", content: "Hi" }],
    logprobs: [{ token: " Hi" }],
    n: 1,
  };
  expect(everything.redactJson(value)).toBe(value);
});

test("values of members that name a secret go, whatever they are", () => {
  const value: unknown = JSON.parse(
    '{"password":"a","API-Key":["b",{"c":"d"}],"authorization":7,"x-api-key":"","user":{"clientSecret":"e"},' +
      '"token":"Tuesday","next_token":"a8f3bd91c2","max_tokens":5,"text":"sk-abcdefGH12345678","john@example.com":null}',
  );
  expect(everything.redactJson(value)).toEqual({
    password: "[redacted:secret]",
    "API-Key": ["[redacted:secret]", { c: "d" }],
    authorization: "[redacted:secret]",
    "x-api-key": "",
    user: { clientSecret: "[redacted:secret]" },
    token: "Tuesday",
    next_token: "[redacted:secret]",
    max_tokens: 5,
    text: "[redacted:api-key]",
    "[redacted:email]": null,
  });
  const once = everything.redactJson(value);
  expect(everything.redactJson(once)).toBe(once);
});

test("arguments of calls are JSON within a text, and stay so", () => {
  const argumentsOf = (text: string): string => {
    const out = everything.redactJson({ tool_calls: [{ function: { name: "f", arguments: text } }] });
    return z
      .object({ tool_calls: z.tuple([z.object({ function: z.object({ arguments: z.string() }) })]) })
      .parse(out).tool_calls[0].function.arguments;
  };
  expect(argumentsOf('{"pin": 1, "password": 12345678}')).toBe('{"pin":1,"password":"[redacted:secret]"}');
  expect(argumentsOf('{"mail":"john\\u0040example.com"}')).toBe('{"mail":"[redacted:email]"}');
  expect(argumentsOf('{"mail":"john@example.com","mail":"none"}')).toBe('{"mail":"none"}');
  expect(argumentsOf('{ "n": 1.0, "text": "\\u00e9" }')).toBe('{ "n": 1.0, "text": "\\u00e9" }');
  expect(argumentsOf('{"mail":"john@example.com')).toBe('{"mail":"[redacted:email]');
  const deep = `{"a":${"[".repeat(50_000)}"sk-abcdefGH12345678"${"]".repeat(50_000)}}`;
  expect(argumentsOf(deep)).not.toContain("sk-");
});

test("names of prototypes are names like others, and no depth breaks it", () => {
  const value: unknown = JSON.parse(
    '{"__proto__":{"password":"a"},"constructor":{"prototype":{"secret":"b"}}}',
  );
  const out = everything.redactJson(value);
  expect(JSON.stringify(out)).toBe(
    '{"__proto__":{"password":"[redacted:secret]"},"constructor":{"prototype":{"secret":"[redacted:secret]"}}}',
  );
  expect(Object.getPrototypeOf(out)).toBe(Object.prototype);
  const deep: unknown = JSON.parse(`${"[".repeat(50_000)}"sk-abcdefGH12345678"${"]".repeat(50_000)}`);
  expect(JSON.stringify(everything.redactJson(deep))).not.toContain("sk-");
});

test("a stream gives out early, and holds back no more than a bounded end", () => {
  const stream = everything.stream();
  let held = 0;
  for (let sent = 0; sent < 200_000; sent += 20) {
    held += 20 - stream.push("some words of a talk").length;
    expect(held).toBeLessThan(20_000);
  }
  const key = always.stream();
  key.push(`sk-abcdefGH12345678${"k".repeat(5000)}`);
  // Of a key without end nothing is held.
  for (let i = 0; i < 1000; i++) expect(key.push("k".repeat(100)).length).toBeLessThan(20);
  expect(key.end()).toBe("");
});

test.each([
  'password="correct horse 7"',
  "no-sk-abcdefGH12345678",
  "unglued-wordsk-abcdefGH1234567890",
  "client_secret = aB3dE5fG7hJ9kL1m",
  "https://user:pa55@host",
  "0004111 1111 1111 1111",
  "xjohn.doe@example.com",
])("the place up to which a stream is certain may fall anywhere in %s", (text) => {
  const first = 2 * REACH; // so much is looked at together
  for (let start = REACH - text.length - 40; start < REACH + 40; start++) {
    const whole = `${".".repeat(start - 1)} ${text} ${".".repeat(first)}`;
    expect(inPieces(oneStage, [whole.slice(0, first), whole.slice(first)])).toBe(oneStage.redact(whole));
  }
});

test("a value after a name may have a form that ends elsewhere than a quoted value", () => {
  const block = `-----BEGIN PRIVATE KEY-----\n${"MIIEvQIBADANBg9+/".repeat(4)}\n-----END PRIVATE KEY-----`;
  expect(always.redact(`passphrase: "${block}" # end`)).toBe('passphrase: "[redacted:private-key]" # end');
  expect(always.redact(`secret = ${block}\nnext`)).toBe("secret = [redacted:private-key]\nnext");
});
