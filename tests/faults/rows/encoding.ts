import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { Group, Row } from "../row.ts";
import { answer, FIN, frame, head, LAST_FRAME, PAUSE, SEEN, streamHead } from "../script.ts";
import {
  BAD_RESPONSE,
  COUNTS_BAD,
  COUNTS_OK,
  EVENTS,
  OK_JSON,
  SEES_OK,
  SEES_STREAM,
  TOKENS,
} from "./payloads.ts";

const TOO_LARGE = { kind: "error", status: 502, code: "upstream_response_too_large" } as const;
const DECODED = "The answer, decoded: its length and its encoding fit what the client gets.";
const CUT_AT_50 = "Memory: it is cut at 50 MiB, and the upstream's connection is closed.";

const zipped = gzipSync(EVENTS.join(""));
const gzipStream = streamHead({ "content-encoding": "gzip" });
const coded = (coding: string, body: Uint8Array) => answer(200, body, { "content-encoding": coding });

const codings: readonly (readonly [string, (text: string) => Uint8Array])[] = [
  ["gzip", gzipSync],
  ["br", brotliCompressSync],
  ["deflate", deflateSync],
  ["zstd", zstdCompressSync],
];

const bombPart = gzipSync(Buffer.alloc(2 ** 26, " "));
/** A gzip may have several parts one behind the other: here of 64 MiB each. */
const bomb = Buffer.concat(Array.from({ length: 16 }, () => bombPart));

export const encoding: Group = {
  title: "Compressed answers, and large ones",
  rows: [
    ...codings.map(
      ([coding, compress]): Row => ({
        name: `${coding}, though no encoding was asked for`,
        upstream: [coded(coding, compress(OK_JSON))],
        sees: SEES_OK,
        counted: COUNTS_OK,
        kept: DECODED,
      }),
    ),
    {
      name: "gzip of a stream, cut anywhere",
      upstream: [[gzipStream, frame(zipped.subarray(0, 25)), PAUSE, frame(zipped.subarray(25)), LAST_FRAME]],
      stream: true,
      sees: SEES_STREAM,
      counted: { status: 200, attempts: { success: 1 }, tokens: TOKENS },
      kept: DECODED,
    },
    {
      name: "gzip of a stream, closed in its middle",
      upstream: [[gzipStream, frame(gzipSync(EVENTS.slice(0, 2).join(""))), SEEN, FIN]],
      stream: true,
      sees: { kind: "cut", content: "one ", code: "upstream_stream_interrupted" },
      counted: { status: 502, attempts: { interrupted: 1 } },
      kept: "What came; nothing is tried anew.",
    },
    {
      name: "broken gzip",
      upstream: [coded("gzip", Buffer.from(OK_JSON))],
      sees: BAD_RESPONSE,
      counted: COUNTS_BAD,
      kept: "No bytes that the client could not read.",
    },
    {
      name: "half of a gzip",
      upstream: [coded("gzip", gzipSync(OK_JSON).subarray(0, 60))],
      sees: BAD_RESPONSE,
      counted: COUNTS_BAD,
      kept: "Half of an answer never reaches the client.",
    },
    {
      name: "broken gzip of a stream",
      upstream: [[gzipStream, frame(EVENTS.join("")), LAST_FRAME]],
      stream: true,
      sees: BAD_RESPONSE,
      counted: COUNTS_BAD,
      kept: "The error is a plain one: nothing of the stream had come.",
    },
    {
      name: "a chain of twenty encodings",
      upstream: [coded(Array.from({ length: 20 }, () => "gzip").join(", "), gzipSync(OK_JSON))],
      sees: BAD_RESPONSE,
      counted: COUNTS_BAD,
      kept: "Work: no chain is undone that no server has in earnest.",
    },
    {
      name: "an encoding that nobody knows",
      upstream: [coded("rot13", Buffer.from("grkg"))],
      sees: BAD_RESPONSE,
      counted: COUNTS_BAD,
      kept: "No bytes that the client could not read.",
    },
    {
      name: "a bomb: 1 GiB in a gzip of 1 MiB",
      upstream: [coded("gzip", bomb)],
      sees: TOO_LARGE,
      counted: COUNTS_BAD,
      growsMiB: 200,
      kept: CUT_AT_50,
    },
    {
      name: "a body of 1 GB",
      upstream: [
        [
          head(200, { "content-type": "application/json", "content-length": "1000000000" }),
          { flood: "a", bytes: 1e9 },
        ],
      ],
      sees: TOO_LARGE,
      counted: COUNTS_BAD,
      growsMiB: 200,
      kept: CUT_AT_50,
    },
    {
      name: "an error of 1 GB",
      upstream: [[head(400, { "content-type": "application/json" }), { flood: "a", bytes: 1e9 }, FIN]],
      sees: TOO_LARGE,
      counted: COUNTS_BAD,
      growsMiB: 200,
      kept: CUT_AT_50,
    },
  ],
};
