import type { Group } from "../row.ts";
import { answer, stream } from "../script.ts";
import {
  BAD_RESPONSE,
  BROKEN,
  COUNTS_BAD,
  COUNTS_BROKEN,
  COUNTS_OK,
  EVENTS,
  NO_RETRY,
  OK,
  OK_JSON,
  RETRIED,
} from "./payloads.ts";

const DEEP = `{"deep":${"[".repeat(200_000)}${"]".repeat(200_000)}}`;

export const bodies: Group = {
  title: "Bodies that are no answer",
  rows: [
    {
      name: "an empty body",
      upstream: [answer(200, "")],
      sees: BAD_RESPONSE,
      counted: COUNTS_BAD,
      kept: NO_RETRY,
    },
    {
      name: "an empty stream",
      upstream: [stream([])],
      stream: true,
      sees: BROKEN,
      counted: COUNTS_BROKEN,
      kept: RETRIED,
    },
    {
      name: "JSON that is no object",
      upstream: [answer(200, "[]")],
      sees: BAD_RESPONSE,
      counted: COUNTS_BAD,
      kept: NO_RETRY,
    },
    {
      name: "an answer without choices",
      upstream: [answer(200, '{"id":"1"}')],
      sees: { kind: "bytes", contentType: "application/json", body: '{"id":"1"}' },
      counted: { status: 200, attempts: { success: 1 } },
      kept: "The bytes: what an answer must hold is between the model and the client.",
    },
    {
      name: "JSON nested 200,000 deep",
      upstream: [answer(200, DEEP)],
      sees: { kind: "bytes", contentType: "application/json", body: DEEP },
      counted: { status: 200, attempts: { success: 1 } },
      kept: "The bytes; no stack overflows.",
    },
    {
      name: "an HTML page with 200",
      upstream: [answer(200, "<html><body>Welcome</body></html>", { "content-type": "text/html" })],
      sees: BAD_RESPONSE,
      counted: COUNTS_BAD,
      kept: "No HTML reaches the client.",
    },
    {
      name: "an HTML page with 200, for a stream",
      upstream: [answer(200, "<html><body>Welcome</body></html>", { "content-type": "text/html" })],
      stream: true,
      sees: BAD_RESPONSE,
      counted: COUNTS_BAD,
      kept: "No HTML reaches the client.",
    },
    {
      name: "JSON for a stream",
      upstream: [OK],
      stream: true,
      sees: { kind: "bytes", contentType: "application/json", body: OK_JSON },
      counted: COUNTS_OK,
      kept: "The answer, under the type that it has.",
    },
    {
      name: "a stream for JSON",
      upstream: [stream(EVENTS)],
      sees: BAD_RESPONSE,
      counted: COUNTS_BAD,
      kept: NO_RETRY,
    },
  ],
};
