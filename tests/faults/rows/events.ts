import { chunk, event } from "../../support/upstream.ts";
import { CANARIES } from "../canaries.ts";
import type { Group, Row } from "../row.ts";
import { answer, frame, LAST_FRAME, SEEN, stream, streamHead } from "../script.ts";
import {
  COUNTS_OK,
  DONE,
  deepError,
  EVENTS,
  errorJson,
  FINISH,
  OK_STREAM,
  ONE,
  ROLE,
  SEES_STREAM,
  SPENT,
  TOKENS,
  TWO,
  USAGE,
} from "./payloads.ts";

const ENDS = { kind: "stream", content: "one two", ends: "[DONE]" } as const;
const COUNTS_STREAM = { status: 200, attempts: { success: 1 } } as const;
const VERBATIM = "The bytes: they pass as they came.";

const text = EVENTS.join("");
const clean = ROLE + ONE + TWO + FINISH + DONE;
const emoji = "¿Qué? 👩‍👩‍👧 日本 \u{1F984}";
const many = ROLE + chunk({ content: emoji }) + FINISH + DONE;
const huge = "x".repeat(2 ** 20);
const hugeEvent = chunk({ content: huge });
const limited = `data: ${errorJson("rate_limit_exceeded", "requests")}\n\n`;
const broke = `data: ${errorJson("engine_died", "server_error")}\n\n`;

/** A stream of these bytes, which the client gets just so. */
const verbatim = (name: string, bytes: string, kept = VERBATIM): Row => ({
  name,
  upstream: [stream([bytes])],
  stream: true,
  sees: { kind: "bytes", contentType: "text/event-stream", body: bytes },
  counted: COUNTS_STREAM,
  kept,
});

export const events: Group = {
  title: "Events that are wrong, or unusual",
  rows: [
    verbatim(
      "malformed SSE",
      `${ROLE}nonsense without a colon\n\n${ONE}:::\n\ndata\n\n\0\n\n${FINISH}${DONE}`,
    ),
    verbatim("malformed JSON in an event", `${ROLE}${ONE}data: {"choices":[\n\n${FINISH}${DONE}`),
    verbatim("events of other kinds", `event: progress\nid: 7\nretry: 100\ndata: {"x":1}\n\n${clean}`),
    verbatim("bytes that are no events behind [DONE]", `${clean}data: {"late":true}\n\n`),
    {
      name: "UTF-8 split at every byte",
      upstream: [stream([...Buffer.from(many)].map((byte) => Buffer.of(byte)))],
      stream: true,
      sees: { kind: "stream", content: emoji, ends: "[DONE]" },
      counted: COUNTS_STREAM,
      kept: "Every character: no U+FFFD.",
    },
    ...(["\r\n", "\r"] as const).map(
      (ending): Row => ({
        name: `lines that end with ${ending === "\r" ? "CR" : "CRLF"}`,
        upstream: [stream([text.replaceAll("\n", ending)])],
        stream: true,
        sees: SEES_STREAM,
        counted: COUNTS_OK,
        kept: "The answer and its usage.",
      }),
    ),
    {
      name: "a CRLF split between two packets",
      upstream: [stream(clean.replaceAll("\n", "\r\n").split(/(?<=\r)/))],
      stream: true,
      sees: ENDS,
      counted: COUNTS_STREAM,
      kept: "No event is seen twice, none is lost.",
    },
    {
      name: "no blank after data:",
      upstream: [stream([clean.replaceAll("data: ", "data:")])],
      stream: true,
      sees: ENDS,
      counted: COUNTS_STREAM,
      kept: "The answer.",
    },
    {
      name: "an event over several data lines",
      upstream: [stream([ROLE, ONE.replace('"choices"', '\ndata: "choices"'), TWO, FINISH, DONE])],
      stream: true,
      sees: ENDS,
      counted: COUNTS_STREAM,
      kept: "The answer.",
    },
    {
      name: "all events in one packet",
      upstream: [stream([text])],
      stream: true,
      sees: SEES_STREAM,
      counted: COUNTS_OK,
      kept: "The answer and its usage.",
    },
    {
      name: "an event of 1 MiB",
      upstream: [stream([ROLE, hugeEvent.slice(0, 500_000), hugeEvent.slice(500_000), FINISH, DONE])],
      stream: true,
      sees: { kind: "stream", content: huge, ends: "[DONE]" },
      counted: COUNTS_STREAM,
      kept: "The answer: what is too long to be held passes as it comes.",
    },
    {
      name: "no [DONE]",
      upstream: [stream([ROLE, ONE, TWO, FINISH, USAGE])],
      stream: true,
      sees: { ...ENDS, ends: "its end" },
      counted: COUNTS_OK,
      kept: "The answer is whole once it has a finish; none is made up.",
    },
    {
      name: "no finish, but [DONE]",
      upstream: [stream([ROLE, ONE, TWO, DONE])],
      stream: true,
      sees: ENDS,
      counted: COUNTS_STREAM,
      kept: "The answer: the server says that it is done.",
    },
    {
      name: "usage in a chunk of its own",
      upstream: [stream(EVENTS)],
      stream: true,
      sees: SEES_STREAM,
      counted: COUNTS_OK,
      kept: "The tokens are counted; the chunk is hidden from a client that did not ask for it.",
    },
    {
      name: "no usage",
      upstream: [stream([ROLE, ONE, TWO, FINISH, DONE])],
      stream: true,
      sees: ENDS,
      counted: COUNTS_STREAM,
      kept: "The answer; no tokens are made up.",
    },
    {
      name: "usage that is no usage",
      upstream: [
        stream([
          ROLE,
          ONE,
          TWO,
          FINISH,
          event({ choices: [], usage: { prompt_tokens: -1, completion_tokens: "9" } }),
          DONE,
        ]),
      ],
      stream: true,
      sees: ENDS,
      counted: COUNTS_STREAM,
      kept: "The answer; nothing is counted that is no number of tokens.",
    },
    {
      name: "two finishes",
      upstream: [stream([ROLE, ONE, TWO, FINISH, FINISH, USAGE, DONE])],
      stream: true,
      sees: ENDS,
      counted: COUNTS_OK,
      kept: "The answer; tokens count once.",
    },
    {
      name: "two usage chunks",
      upstream: [stream([ROLE, ONE, TWO, FINISH, USAGE, USAGE, DONE])],
      stream: true,
      sees: ENDS,
      counted: COUNTS_OK,
      kept: "Tokens count once.",
    },
    {
      name: "an error as the first event, under 200",
      upstream: [stream([limited, DONE])],
      stream: true,
      sees: { kind: "error", status: 429, code: "rate_limit_exceeded", type: "requests" },
      counted: { status: 429, attempts: { rate_limited: 3 }, retries: 2 },
      kept: "The upstream's own code, under the status that it means.",
    },
    {
      name: "an error as the first event, with a fallback",
      upstream: [stream([limited, DONE])],
      fallback: [OK_STREAM],
      stream: true,
      sees: SEES_STREAM,
      counted: { status: 200, attempts: { rate_limited: 1 }, fallback: { success: 1 }, tokens: TOKENS },
      kept: "The answer: the next variant gives it.",
    },
    {
      name: "an error after the role alone",
      upstream: [stream([ROLE, broke, DONE])],
      stream: true,
      sees: { kind: "error", status: 502, code: "engine_died", headers: SPENT },
      counted: { status: 502, attempts: { server_error: 3 }, retries: 2 },
      kept: "A role is no content: the error is a plain one.",
    },
    {
      name: "an error in the middle of a stream",
      upstream: [[streamHead(), frame(ROLE + ONE), SEEN, frame(broke + DONE), LAST_FRAME]],
      fallback: [OK_STREAM],
      stream: true,
      sees: { kind: "cut", content: "one ", code: "engine_died" },
      counted: { status: 502, attempts: { interrupted: 1 } },
      kept: "The upstream's own words; [DONE] behind them is dropped, the fallback is not called.",
    },
    {
      name: "an error in the middle that quotes the gateway's own key",
      upstream: [stream([ROLE, ONE, broke.replace("says no", `knows ${CANARIES.provider}`)])],
      stream: true,
      sees: { kind: "cut", content: "one ", code: "engine_died" },
      counted: { status: 502, attempts: { interrupted: 1 } },
      kept: "The key: it is blacked out.",
    },
    {
      name: "an error nested 20,000 deep in the middle of a stream",
      upstream: [stream([ROLE, ONE, `data: ${deepError(20_000)}\n\n`])],
      stream: true,
      sees: { kind: "cut", content: "one ", code: "deep" },
      counted: { status: 502, attempts: { interrupted: 1 } },
      kept: "The upstream's own words; no stack overflows.",
    },
    {
      name: "an error as the whole answer, under 200",
      upstream: [answer(200, errorJson("model_overloaded", "server_error"))],
      sees: { kind: "error", status: 502, code: "model_overloaded", headers: SPENT },
      counted: { status: 502, attempts: { server_error: 3 }, retries: 2 },
      kept: "An error never counts as an answer.",
    },
  ],
};
