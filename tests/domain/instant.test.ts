import fc from "fast-check";
import { expect, test } from "vitest";
import { instantOf, startOf } from "../../src/domain/instant.ts";

test("a date means its end in UTC, a time with zone itself", () => {
  expect(instantOf("2027-01-31")).toBe(Date.UTC(2027, 1, 1));
  expect(instantOf("2028-02-29")).toBe(Date.UTC(2028, 2, 1));
  expect(instantOf("2027-01-31T18:00:00Z")).toBe(Date.UTC(2027, 0, 31, 18));
  expect(instantOf("2027-01-31T18:00Z")).toBe(Date.UTC(2027, 0, 31, 18));
  expect(instantOf("2027-01-31T18:00:00.25+01:30")).toBe(Date.UTC(2027, 0, 31, 16, 30, 0, 250));
});

test("as a beginning a date means its own in UTC, a time with zone itself", () => {
  expect(startOf("2027-01-31")).toBe(Date.UTC(2027, 0, 31));
  expect(startOf("2027-01-31T18:00:00+01:30")).toBe(Date.UTC(2027, 0, 31, 16, 30));
});

test.each([
  "",
  "soon",
  "31/12",
  "31/12/2027",
  "2027-1-1",
  "2027-02-29",
  "2027-02-31T00:00:00Z",
  "2027-13-01",
  "2027-00-10",
  "2027-01-31T18:00:00",
  "2027-01-31 18:00:00Z",
  "2027-01-31T25:00:00Z",
  "2027-01-31T18:61:00Z",
  "2027-01-31T18:00:00Z ",
  "1798761600",
  "+010000-01-01",
])("%j is no moment", (text) => {
  expect([instantOf(text), startOf(text)]).toEqual([undefined, undefined]);
});

test("every moment is read as JavaScript writes it, and its day ends after it", () => {
  const moments = fc.date({
    min: new Date("0001-01-01T00:00:00Z"),
    max: new Date("9999-12-30T00:00:00Z"),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(moments, (moment) => {
      const text = moment.toISOString();
      expect(instantOf(text)).toBe(moment.getTime());
      const end = instantOf(text.slice(0, 10));
      expect(end).toBeGreaterThan(moment.getTime());
      expect((end ?? 0) - moment.getTime()).toBeLessThanOrEqual(86_400_000);
    }),
  );
});

test("any text is read or refused, and never breaks", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const at = instantOf(text);
      expect(at === undefined || Number.isInteger(at)).toBe(true);
    }),
  );
});
