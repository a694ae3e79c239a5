import fc from "fast-check";
import { expect, test } from "vitest";
import {
  badResponse,
  circuitOpen,
  coolingDown,
  type Failure,
  timeoutFailure,
  transportFailure,
} from "../../src/gateway/failure.ts";
import { askedWaitMs, nextStep, type Situation } from "../../src/gateway/next-step.ts";

const SETTINGS = { most: 2, beforeFallback: 0, deadlineMs: 5000, share: 0.2 };
const AT: Situation = { last: true, retries: 0, elapsedMs: 0, random: 0.5, wallClock: 0 };

const upstreams = (kind: Failure["kind"], headers: Record<string, string> = {}): Failure => ({
  kind,
  answer: { status: 503, headers, body: "{}" },
});

test.each<[string, Failure]>([
  ["an upstream that is not there", transportFailure("unreachable")],
  ["a connection that broke", transportFailure("interrupted")],
  ["a server's error", upstreams("server_error")],
  ["too many requests", upstreams("rate_limited")],
  ["a 5xx that can't be read", { ...badResponse("no"), again: true }],
])("%s is tried again: twice, with a backoff that doubles", (_name, failure) => {
  expect(nextStep(failure, SETTINGS, AT)).toEqual({ kind: "again", afterMs: 200 });
  expect(nextStep(failure, SETTINGS, { ...AT, retries: 1 })).toEqual({ kind: "again", afterMs: 400 });
  expect(nextStep(failure, SETTINGS, { ...AT, retries: 2 })).toEqual({ kind: "next" });
});

test.each<[string, Failure]>([
  ["a time that ran out", timeoutFailure("late")],
  ["a connection that was not made in time", transportFailure("connect_timeout")],
  ["what is no answer", badResponse("no")],
  ["a bad key", upstreams("auth_failed")],
  ["a circuit that is open", circuitOpen(10)],
  ["money that is spent", { ...upstreams("rate_limited"), again: false }],
  ["an upstream that says so", upstreams("server_error", { "x-should-retry": "false" })],
])("%s is not tried again", (_name, failure) => {
  expect(nextStep(failure, { ...SETTINGS, beforeFallback: 2 }, AT)).toEqual({ kind: "next" });
});

test("a variant with a fallback left is not tried again, unless that is configured", () => {
  const failure = upstreams("server_error");
  expect(nextStep(failure, SETTINGS, { ...AT, last: false })).toEqual({ kind: "next" });
  const patient = { ...SETTINGS, beforeFallback: 1 };
  expect(nextStep(failure, patient, { ...AT, last: false }).kind).toBe("again");
  expect(nextStep(failure, patient, { ...AT, last: false, retries: 1 }).kind).toBe("next");
});

test("an upstream that says when to come back is heard, if that is before the deadline", () => {
  const failure = upstreams("rate_limited", { "retry-after": "2" });
  expect(nextStep(failure, SETTINGS, AT)).toEqual({ kind: "again", afterMs: 2125 });
  expect(nextStep(failure, SETTINGS, { ...AT, elapsedMs: 2900 }).kind).toBe("next");
  expect(nextStep(upstreams("rate_limited", { "retry-after": "30" }), SETTINGS, AT).kind).toBe("next");
});

test("who waits for a model that cools down waits as often as it takes, but not past the deadline", () => {
  expect(nextStep(coolingDown(2000), SETTINGS, { ...AT, retries: 7 })).toEqual({
    kind: "again",
    afterMs: 2125,
  });
  expect(nextStep(coolingDown(2000), SETTINGS, { ...AT, elapsedMs: 4000 }).kind).toBe("next");
  expect(nextStep(coolingDown(2000), SETTINGS, { ...AT, last: false }).kind).toBe("next");
});

test.each([
  [{ "retry-after-ms": "150" }, 150],
  [{ "retry-after-ms": "x", "retry-after": "3" }, 3000],
  [{ "retry-after": "1.5" }, 1500],
  [{ "retry-after": " 4 " }, 4000],
  [{ "retry-after": "Thu, 01 Jan 1970 00:01:00 GMT" }, 59_000],
  [{ "retry-after": "Wed, 01 Jan 1969 00:00:00 GMT" }, 0],
  [{ "retry-after": "soon" }, undefined],
  [{ "retry-after": "-1" }, undefined],
  [{}, undefined],
])("a wait asked for by %j is %j ms", (headers, ms) => {
  const asked = askedWaitMs(upstreams("rate_limited", headers), 1000);
  expect(asked).toBe(ms);
});

test("a wait is never negative, never past the deadline, and without a wish at most two seconds", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 10 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.integer({ min: 0, max: 10_000 }),
      fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
      (retries, random, elapsedMs, asked) => {
        const failure = upstreams(
          "server_error",
          asked === undefined ? {} : { "retry-after": String(asked) },
        );
        const settings = { ...SETTINGS, most: 10 };
        const step = nextStep(failure, settings, { ...AT, retries, random, elapsedMs });
        if (step.kind === "next") return;
        expect(step.afterMs).toBeGreaterThanOrEqual((asked ?? 0) * 1000);
        expect(elapsedMs + step.afterMs).toBeLessThanOrEqual(5000);
        if (asked === undefined) expect(step.afterMs).toBeLessThanOrEqual(Math.min(2000, 400 * 2 ** retries));
      },
    ),
  );
});
