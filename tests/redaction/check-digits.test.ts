import { expect, test } from "vitest";
import { PERSONAL_KINDS } from "../../src/domain/redactor.ts";
import { newRedactor } from "../../src/redaction/redactor.ts";

const redactor = newRedactor({ personal: PERSONAL_KINDS });
const national = newRedactor({ personal: ["national-id"] });

/** Examples that authorities and standards print, and the same ones with a digit changed. */
test.each([
  ["US SSN", "219-09-9998", "219-00-9998"],
  ["US SSN, serial", "219-09-9998", "219-09-0000"],
  ["US SSN, area 666", "219-09-9998", "666-09-9998"],
  ["US SSN, area 9xx", "219-09-9998", "900-09-9998"],
  ["UK NINO", "QQ 12 34 56 C".replace("QQ", "AB"), "QQ 12 34 56 C"],
  ["UK NINO, prefix", "AB123456C", "GB123456C"],
  ["German tax id", "86095742719", "86095742710"],
  ["German tax id, with blanks", "47 036 892 816", "47 036 892 817"],
  ["Spanish DNI", "12345678Z", "12345678A"],
  ["Spanish NIE", "X1234567L", "X1234567M"],
  ["French INSEE", "2 55 08 14 168 025 38", "2 55 08 14 168 025 39"],
  ["French INSEE, Corsica", "1 85 05 2A 123 456 33", "1 85 05 2A 123 456 99"],
  ["Brazilian CPF", "529.982.247-25", "529.982.247-24"],
  ["Brazilian CPF, one digit alone", "52998224725", "111.111.111-11"],
  ["Codice fiscale", "RSSMRA85T10A562S", "RSSMRA85T10A562T"],
])("national ids tell by their check digits whether they are real: %s", (_name, real, changed) => {
  expect(national.redact(`id ${real}, yes`)).toBe("id [redacted:national-id], yes");
  expect(national.redact(`id ${changed}, no`)).toBe(`id ${changed}, no`);
});

test.each([
  ["card", "4111-1111-1111-1111", "4111-1111-1111-1112"],
  ["card", "378282246310005", "378282246310006"],
  ["card", "5555 5555 5555 4444", "5555 5555 5555 5555"],
  ["iban", "GB29 NWBK 6016 1331 9268 19", "GB28 NWBK 6016 1331 9268 19"],
  ["iban", "FR1420041010050500013M02606", "FR1420041010050500013M02607"],
  ["iban", "NO9386011117947", "NO93860111179471"],
])("so do cards and IBANs: %s %s", (kind, real, changed) => {
  const one = newRedactor({ personal: kind === "card" ? ["card"] : ["iban"] });
  expect(one.redact(`(${real}) 12`)).toBe(`([redacted:${kind}]) 12`);
  expect(one.redact(`(${changed}) 12`)).toBe(`(${changed}) 12`);
});

test("words after an IBAN are no part of it", () => {
  expect(redactor.redact("to DE89 3704 0044 0532 0130 00 for the call")).toBe(
    "to [redacted:iban] for the call",
  );
});

test.each([
  "+1-944-435-4352x04732",
  "(555) 123-4567",
  "555-123-4567",
  "1-800-555-0199",
  "+442079460958",
  "030 1234 5678",
  "06 12 34 56 78",
])("%s is a telephone number", (number) => {
  expect(redactor.redact(`call ${number} now`)).toBe("call [redacted:phone] now");
});

test.each([
  "2024-01-15",
  "15.01.2024",
  "192.168.100.200",
  "1 234 567 890",
  "1.234.567.890",
  "3.14159265358979",
  "1700000000",
  "550e8400-e29b-41d4-a716-446655440000",
  "v1.2.3",
  "10:20:30",
  "gpt-4.1-2025-04-14",
  "4096",
  "john@localhost",
  "@name",
])("%s is nothing personal", (text) => {
  expect(redactor.redact(`see ${text} there`)).toBe(`see ${text} there`);
});
