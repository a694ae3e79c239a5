import fc from "fast-check";
import { expect, test } from "vitest";
import { holdsSecret } from "../../src/gateway/scrub.ts";
import { newRedactor } from "../../src/redaction/redactor.ts";

const scrub = (text: string, secrets: readonly string[]): string =>
  newRedactor({ secrets, forms: false }).redact(text);
const secret = fc.string({ unit: "grapheme-ascii", minLength: 12, maxLength: 60 });

test("a secret is found plain, in JSON, in an address, and in base64 wherever it begins", () => {
  fc.assert(
    fc.property(secret, fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (key, before, after) => {
      const base64 = Buffer.from(`${before}${key}${after}`);
      for (const text of [
        `${before}${key}${after}`,
        JSON.stringify({ message: `${before} ${key}` }),
        `https://a.test/?key=${encodeURIComponent(key)}`,
        `Basic ${base64.toString("base64")}`,
        `Basic ${base64.toString("base64url")}`,
      ]) {
        expect(holdsSecret(text, [key]), text).toBe(true);
        const clean = scrub(text, [key]);
        expect(clean).toContain("[redacted:secret]");
        expect(clean).not.toContain(key);
        expect(Buffer.from(clean.replace("Basic ", ""), "base64").toString()).not.toContain(key);
      }
    }),
    { numRuns: 500 },
  );
});

test("a text without a secret stays as it is", () => {
  fc.assert(
    fc.property(secret, fc.string({ maxLength: 11 }), (key, text) => {
      expect(holdsSecret(text, [key, ""])).toBe(false);
      expect(scrub(text, [key, ""])).toBe(text);
    }),
  );
});
