import type { Group } from "../row.ts";
import { frame, HANG, head, stream, streamHead } from "../script.ts";
import { DONE, EVENTS, FINISH, OK_JSON, ONE, ROLE, SEES_OK, SEES_STREAM, TOKENS, TWO } from "./payloads.ts";

const TIMED_OUT = { kind: "error", status: 504, code: "upstream_timeout" } as const;
const COUNTS_TIMEOUT = { status: 504, attempts: { timeout: 1 } } as const;
const NO_RETRY = "No retry, which would wait as long again. The upstream's connection is closed.";

const promise = head(200, { "content-type": "application/json", "content-length": "500" });

export const silence: Group = {
  title: "An upstream that falls silent, or is slow",
  rows: [
    {
      name: "hangs before the headers",
      upstream: [[HANG]],
      timeouts: { total: 0.6 },
      sees: TIMED_OUT,
      counted: COUNTS_TIMEOUT,
      takesMs: [550, 2500],
      kept: NO_RETRY,
    },
    {
      name: "hangs before the headers of a stream",
      upstream: [[HANG]],
      timeouts: { firstByte: 0.6 },
      stream: true,
      sees: TIMED_OUT,
      counted: COUNTS_TIMEOUT,
      takesMs: [550, 2500],
      kept: NO_RETRY,
    },
    {
      name: "hangs within the headers",
      upstream: [["HTTP/1.1 200 OK\r\ncontent-ty", HANG]],
      timeouts: { firstByte: 0.6 },
      stream: true,
      sees: TIMED_OUT,
      counted: COUNTS_TIMEOUT,
      takesMs: [550, 2500],
      kept: NO_RETRY,
    },
    {
      name: "hangs after the headers",
      upstream: [[promise, HANG]],
      timeouts: { total: 0.6 },
      sees: TIMED_OUT,
      counted: COUNTS_TIMEOUT,
      takesMs: [550, 2500],
      kept: "Headers alone are no answer.",
    },
    {
      name: "hangs after the headers of a stream",
      upstream: [[streamHead(), HANG]],
      timeouts: { firstByte: 0.6 },
      stream: true,
      sees: TIMED_OUT,
      counted: COUNTS_TIMEOUT,
      takesMs: [550, 2500],
      kept: "Headers alone are no answer: the error is a plain one.",
    },
    {
      name: "hangs, with a fallback",
      upstream: [[HANG]],
      timeouts: { firstByte: 0.6 },
      fallback: [stream(EVENTS)],
      stream: true,
      sees: SEES_STREAM,
      counted: { status: 200, attempts: { timeout: 1 }, fallback: { success: 1 }, tokens: TOKENS },
      takesMs: [550, 2500],
      kept: "The answer: the next variant gives it.",
    },
    {
      name: "hangs within an unstreamed answer",
      upstream: [[promise, OK_JSON.slice(0, 50), HANG]],
      timeouts: { idle: 0.6 },
      sees: TIMED_OUT,
      counted: COUNTS_TIMEOUT,
      takesMs: [550, 2500],
      kept: "Half of an answer never reaches the client.",
    },
    {
      name: "hangs between two events",
      upstream: [[streamHead(), frame(ROLE + ONE), HANG]],
      timeouts: { idle: 0.6 },
      stream: true,
      sees: { kind: "cut", content: "one ", code: "upstream_stalled" },
      counted: COUNTS_TIMEOUT,
      takesMs: [550, 2500],
      kept: "What came; nothing is tried anew.",
    },
    {
      name: "hangs within an event",
      upstream: [[streamHead(), frame(ROLE + ONE), frame(TWO.slice(0, 40)), HANG]],
      timeouts: { idle: 0.6 },
      stream: true,
      sees: { kind: "cut", content: "one ", code: "upstream_stalled" },
      counted: COUNTS_TIMEOUT,
      kept: "The half of an event is dropped, so that the error event can be read.",
    },
    {
      name: "hangs after [DONE]",
      upstream: [[streamHead(), frame(ROLE + ONE + FINISH + DONE), HANG]],
      timeouts: { idle: 0.6 },
      stream: true,
      sees: { kind: "stream", content: "one ", ends: "[DONE]" },
      counted: { status: 200, attempts: { success: 1 } },
      takesMs: [0, 2500],
      kept: "The answer is whole, and its stream ends.",
    },
    {
      name: "hangs after the finish, before [DONE]",
      upstream: [[streamHead(), frame(ROLE + ONE + FINISH), HANG]],
      timeouts: { idle: 0.6 },
      stream: true,
      sees: { kind: "cut", content: "one ", code: "upstream_stalled" },
      counted: COUNTS_TIMEOUT,
      kept: "The text came; that the rest, such as usage, did not is told.",
    },
    {
      name: "slow drip of an answer, byte by byte",
      upstream: [
        [
          head(200, { "content-type": "application/json", "content-length": String(OK_JSON.length) }),
          { drip: OK_JSON, everyMs: 1 },
        ],
      ],
      timeouts: { idle: 5, total: 30 },
      sees: SEES_OK,
      counted: { status: 200, attempts: { success: 1 }, tokens: TOKENS },
      kept: "The answer: slow is not silent.",
    },
    {
      name: "slow drip of a stream, byte by byte",
      upstream: [
        [
          head(200, {
            "content-type": "text/event-stream",
            "content-length": String(EVENTS.join("").length),
          }),
          { drip: EVENTS.join(""), everyMs: 1 },
        ],
      ],
      timeouts: { idle: 5, total: 30 },
      stream: true,
      sees: SEES_STREAM,
      counted: { status: 200, attempts: { success: 1 }, tokens: TOKENS },
      kept: "The answer: slow is not silent.",
    },
    {
      name: "slow drip without an end",
      upstream: [
        [
          streamHead(),
          frame(ROLE + ONE),
          ...Array.from({ length: 100 }, () => [frame(ONE), { waitMs: 100 }]).flat(),
          HANG,
        ],
      ],
      timeouts: { idle: 5, total: 1 },
      stream: true,
      sees: { kind: "cut", content: /^(one )+$/, code: "upstream_timeout" },
      counted: COUNTS_TIMEOUT,
      takesMs: [950, 3000],
      kept: "No stream holds its place for ever: `total` ends it.",
    },
    {
      name: "comments only",
      upstream: [
        [
          streamHead(),
          ...Array.from({ length: 100 }, () => [frame(": still here\n\n"), { waitMs: 100 }]).flat(),
          HANG,
        ],
      ],
      timeouts: { total: 1 },
      stream: true,
      sees: { kind: "cut", content: "", code: "upstream_timeout" },
      counted: COUNTS_TIMEOUT,
      takesMs: [950, 3000],
      kept: "Comments pass, as they keep the client's own connection; they are no answer.",
    },
    {
      name: "comments before and between the events",
      upstream: [stream([": wait\n\n", ROLE, ":\n\n", ONE, ": ping\n\n", TWO, FINISH, DONE])],
      stream: true,
      sees: SEES_STREAM,
      counted: { status: 200, attempts: { success: 1 } },
      kept: "The answer.",
    },
  ],
};
