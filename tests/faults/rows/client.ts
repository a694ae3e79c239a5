import type { Group } from "../row.ts";
import { answer, frame, HANG, streamHead } from "../script.ts";
import { COUNTS_OK, errorJson, OK, ONE, ROLE, SEES_OK } from "./payloads.ts";

const GONE = { kind: "nothing" } as const;
const COUNTS_GONE = { status: 499, attempts: { client_closed: 1 } } as const;
const STOPS = "Money: the upstream's connection is closed. No failure of the upstream's is counted.";

export const client: Group = {
  title: "A client that goes away",
  rows: [
    {
      name: "the client leaves before an answer",
      upstream: [[HANG]],
      client: "leaves before the answer",
      sees: GONE,
      counted: COUNTS_GONE,
      kept: STOPS,
    },
    {
      name: "the client leaves before a stream's headers",
      upstream: [[HANG]],
      stream: true,
      client: "leaves before the answer",
      sees: GONE,
      counted: COUNTS_GONE,
      kept: STOPS,
    },
    {
      name: "the client leaves before a stream's first event",
      upstream: [[streamHead(), HANG]],
      stream: true,
      client: "leaves before the answer",
      sees: GONE,
      counted: COUNTS_GONE,
      kept: STOPS,
    },
    {
      name: "the client leaves in the middle of a stream",
      upstream: [[streamHead(), frame(ROLE + ONE), HANG]],
      fallback: [OK],
      stream: true,
      client: "leaves in the middle",
      sees: GONE,
      counted: COUNTS_GONE,
      kept: STOPS,
    },
    {
      name: "the client leaves while a retry waits",
      upstream: [answer(503, errorJson("busy", "server_error"), { "retry-after": "4" })],
      client: "leaves while a retry waits",
      sees: GONE,
      counted: { status: 499, attempts: { server_error: 1 } },
      kept: "No retry for a client that is gone.",
    },
    {
      name: "the client closes its half after the request",
      upstream: [[{ waitMs: 200 }, ...OK]],
      client: "closes its half after the request",
      sees: SEES_OK,
      counted: COUNTS_OK,
      kept: "The answer: whoever shuts only the writing side still reads. Before it comes `102 Processing`, to tell it from one that left.",
    },
    {
      name: "the client reads nothing, then leaves",
      upstream: [[streamHead(), frame(ROLE), { flood: frameText(), bytes: 2 ** 30 }]],
      stream: true,
      client: "reads nothing, then leaves",
      sees: GONE,
      counted: COUNTS_GONE,
      growsMiB: 100,
      kept: "Memory: a client that is slow slows the upstream down; 1 GiB was to be sent.",
    },
  ],
};

function frameText(): string {
  return Buffer.from(frame(ONE)).toString();
}
