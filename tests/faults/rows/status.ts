import { CANARIES } from "../canaries.ts";
import type { Group, Row } from "../row.ts";
import { answer, type Script } from "../script.ts";
import { deepError, errorJson, OK, SEES_OK, SPENT, TOKENS } from "./payloads.ts";

const CODE = "upstream_code";
const failing = (status: number, headers: Readonly<Record<string, string>> = {}): Script =>
  answer(status, errorJson(CODE, "upstream_type", "messages"), headers);
const sees = (status: number) =>
  ({ kind: "error", status, code: CODE, type: "upstream_type", param: "messages" }) as const;

/** The client's own mistakes, as the upstream sees them. */
const clientErrors = ([400, 404, 413, 422] as const).map(
  (status): Row => ({
    name: `status ${status}`,
    upstream: [failing(status)],
    fallback: [OK],
    sees: sees(status),
    counted: { status, attempts: { client_error: 1 } },
    kept: "The upstream's own words. No retry, no fallback: the request would be as wrong there.",
  }),
);

const ownKey = ([401, 403] as const).map(
  (status): Row => ({
    name: `status ${status}`,
    upstream: [failing(status)],
    sees: { kind: "error", status: 502, code: "upstream_auth_failed" },
    counted: { status: 502, attempts: { auth_failed: 1 } },
    kept: "Never a 401 to the client, whose key is good. No retry.",
  }),
);

const serverErrors = ([408, 409, 500, 502, 503, 504, 529] as const).flatMap((status): readonly Row[] => [
  {
    name: `status ${status}, once`,
    upstream: [failing(status), OK],
    sees: SEES_OK,
    counted: { status: 200, attempts: { server_error: 1, success: 1 }, retries: 1, tokens: TOKENS },
    takesMs: [0, 2500],
    kept: "The answer: the second attempt gives it. Tokens count once.",
  },
  {
    name: `status ${status}, always`,
    upstream: [failing(status)],
    sees: { ...sees(status), headers: { "x-should-retry": status === 503 ? null : "false" } },
    counted: { status, attempts: { server_error: 3 }, retries: 2 },
    takesMs: [0, 4000],
    kept: "The upstream's own words.",
  },
]);

export const status: Group = {
  title: "Answers with an error status",
  rows: [
    ...clientErrors,
    ...ownKey,
    {
      name: "status 401, with a fallback",
      upstream: [failing(401)],
      fallback: [OK],
      sees: SEES_OK,
      counted: { status: 200, attempts: { auth_failed: 1 }, fallback: { success: 1 }, tokens: TOKENS },
      kept: "The answer: the next variant has a key of its own.",
    },
    {
      name: "status 401 that quotes the gateway's own key",
      upstream: [
        answer(401, errorJson("invalid_api_key", `Incorrect API key provided: ${CANARIES.provider}`)),
      ],
      sees: { kind: "error", status: 502, code: "upstream_auth_failed" },
      counted: { status: 502, attempts: { auth_failed: 1 } },
      kept: "The key.",
    },
    {
      name: "status 400 that quotes the gateway's own key",
      upstream: [answer(400, errorJson("bad", CANARIES.provider))],
      sees: { kind: "error", status: 400, code: "bad" },
      counted: { status: 400, attempts: { client_error: 1 } },
      kept: "The key: it is blacked out.",
    },
    ...serverErrors,
    {
      name: "status 429 without retry-after, once",
      upstream: [failing(429), OK],
      sees: SEES_OK,
      counted: { status: 200, attempts: { rate_limited: 1, success: 1 }, retries: 1, tokens: TOKENS },
      kept: "The answer.",
    },
    {
      name: "status 429 without retry-after, always",
      upstream: [failing(429)],
      sees: { ...sees(429), headers: { "x-should-retry": null } },
      counted: { status: 429, attempts: { rate_limited: 3 }, retries: 2 },
      kept: "The upstream's own words; the client may try later.",
    },
    {
      name: "status 429 with retry-after: 1, once",
      upstream: [failing(429, { "retry-after": "1" }), OK],
      sees: SEES_OK,
      counted: { status: 200, attempts: { rate_limited: 1, success: 1 }, retries: 1, tokens: TOKENS },
      takesMs: [950, 3500],
      kept: "The answer, no sooner than the upstream wants to be asked again.",
    },
    {
      name: "status 429 with retry-after: 60",
      upstream: [failing(429, { "retry-after": "60" })],
      sees: { ...sees(429), headers: { "retry-after": /^(60|59)$/ } },
      counted: { status: 429, attempts: { rate_limited: 1 } },
      takesMs: [0, 4000],
      kept: "Time: a wait beyond the deadline is the client's to decide on, at once.",
    },
    {
      name: "status 429 with retry-after: 60, and a fallback",
      upstream: [failing(429, { "retry-after": "60" })],
      fallback: [OK],
      sees: SEES_OK,
      counted: { status: 200, attempts: { rate_limited: 1 }, fallback: { success: 1 }, tokens: TOKENS },
      takesMs: [0, 4000],
      kept: "The answer: the next variant gives it at once.",
    },
    {
      name: "status 429 for a spent quota",
      upstream: [answer(429, errorJson("insufficient_quota", "insufficient_quota"))],
      sees: { kind: "error", status: 429, code: "insufficient_quota" },
      counted: { status: 429, attempts: { rate_limited: 1 } },
      kept: "No retry: it takes more than seconds to refill.",
    },
    {
      name: "status 503 with retry-after: 1, once",
      upstream: [failing(503, { "retry-after": "1" }), OK],
      sees: SEES_OK,
      counted: { status: 200, attempts: { server_error: 1, success: 1 }, retries: 1, tokens: TOKENS },
      takesMs: [950, 3500],
      kept: "The answer, no sooner than the upstream wants to be asked again.",
    },
    {
      name: "status 500 with x-should-retry: false",
      upstream: [failing(500, { "x-should-retry": "false" })],
      sees: { ...sees(500), headers: SPENT },
      counted: { status: 500, attempts: { server_error: 1 } },
      kept: "The upstream's will: it is not asked again.",
    },
    {
      name: "status 500 with an HTML page",
      upstream: [answer(500, "<html>Internal Server Error</html>", { "content-type": "text/html" })],
      sees: { kind: "error", status: 502, code: "upstream_bad_response", headers: SPENT },
      counted: { status: 502, attempts: { bad_response: 3 }, retries: 2 },
      kept: "No HTML reaches the client.",
    },
    {
      name: "status 404 with an HTML page",
      upstream: [answer(404, "<html>nginx</html>", { "content-type": "text/html" })],
      sees: { kind: "error", status: 404, code: null },
      counted: { status: 404, attempts: { client_error: 1 } },
      kept: "No HTML reaches the client.",
    },
    {
      name: "status 400 with JSON nested 100,000 deep",
      upstream: [answer(400, deepError(100_000))],
      sees: { kind: "error", status: 400, code: "deep" },
      counted: { status: 400, attempts: { client_error: 1 } },
      kept: "The upstream's own words; no stack overflows.",
    },
    {
      name: "a chain of which each fails in its own way",
      upstream: [failing(401)],
      fallback: [failing(429)],
      sees: { kind: "error", status: 502, code: "all_targets_failed", headers: SPENT },
      counted: {
        status: 502,
        attempts: { auth_failed: 1 },
        fallback: { rate_limited: 3 },
        retries: 2,
      },
      kept: "What went wrong where: the message lists each variant with its outcome, and no host.",
    },
  ],
};
