import { CANARIES } from "../canaries.ts";
import type { Group } from "../row.ts";
import { answer, FIN, frame, head, LAST_FRAME, type Script, SEEN, streamHead } from "../script.ts";
import {
  BAD_RESPONSE,
  BROKEN,
  COUNTS_BAD,
  COUNTS_BROKEN,
  COUNTS_OK,
  DONE,
  FINISH,
  NO_RETRY,
  OK,
  OK_JSON,
  ONE,
  RETRIED,
  ROLE,
  SEES_OK,
} from "./payloads.ts";

const SAME = "The answer.";

const JSON_TYPE = { "content-type": "application/json" };

/** What any server may say before its answer. */
const early = (status: number, more = ""): Script => [`HTTP/1.1 ${status} Early\r\n${more}\r\n`, ...OK];

export const framing: Group = {
  title: "HTTP that is wrong, or unusual",
  rows: [
    {
      name: "content-length longer than the body",
      upstream: [[head(200, { ...JSON_TYPE, "content-length": String(OK_JSON.length + 10) }), OK_JSON, FIN]],
      sees: BROKEN,
      counted: COUNTS_BROKEN,
      kept: RETRIED,
    },
    {
      name: "content-length shorter than the body",
      upstream: [answer(200, OK_JSON, { "content-length": String(OK_JSON.length - 10) })],
      sees: BAD_RESPONSE,
      counted: COUNTS_BAD,
      kept: "What stands behind the length is never taken for the next answer.",
    },
    {
      name: "two lengths that differ",
      upstream: [[`HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n${OK_JSON}`, FIN]],
      sees: BAD_RESPONSE,
      counted: COUNTS_BAD,
      kept: NO_RETRY,
    },
    {
      name: "both a length and chunks",
      upstream: [
        [head(200, { ...JSON_TYPE, "content-length": "5", "transfer-encoding": "chunked" }), LAST_FRAME],
      ],
      sees: BAD_RESPONSE,
      counted: COUNTS_BAD,
      kept: NO_RETRY,
    },
    {
      name: "a chunk size that is no number",
      upstream: [[head(200, { ...JSON_TYPE, "transfer-encoding": "chunked" }), "zz\r\n{}\r\n0\r\n\r\n"]],
      sees: BAD_RESPONSE,
      counted: COUNTS_BAD,
      kept: NO_RETRY,
    },
    {
      name: "a chunk size that is no number, in the middle of a stream",
      upstream: [[streamHead(), frame(ROLE + ONE), SEEN, "zz\r\ndata\r\n"]],
      stream: true,
      sees: { kind: "cut", content: "one ", code: "upstream_stream_interrupted" },
      counted: { status: 502, attempts: { interrupted: 1 } },
      kept: "What came; nothing is tried anew.",
    },
    {
      name: "no HTTP",
      upstream: [["SSH-2.0-OpenSSH_9.2\r\n\r\n"]],
      sees: BAD_RESPONSE,
      counted: COUNTS_BAD,
      kept: NO_RETRY,
    },
    {
      name: "a header of 1 MiB",
      upstream: [answer(200, OK_JSON, { "x-huge": "a".repeat(2 ** 20) })],
      sees: BAD_RESPONSE,
      counted: COUNTS_BAD,
      growsMiB: 64,
      kept: "Memory: headers are read to 16 KiB.",
    },
    {
      name: "headers that are not for the client",
      upstream: [
        answer(200, OK_JSON, {
          "set-cookie": "session=1",
          server: "secret-server/1.0",
          "x-powered-by": "magic",
          "x-crossover-route": "forged",
          "access-control-allow-origin": "*",
          "x-request-id": "req_1",
          "x-ratelimit-remaining-requests": "7",
        }),
      ],
      sees: {
        ...SEES_OK,
        headers: {
          "set-cookie": null,
          server: null,
          "x-powered-by": null,
          "access-control-allow-origin": null,
          "x-crossover-route": "headers-that-are-not-for-the-client",
          "x-crossover-upstream-request-id": "req_1",
          "x-ratelimit-remaining-requests": "7",
        },
      },
      counted: COUNTS_OK,
      kept: "The upstream's limits and its request id pass; nothing else does.",
    },
    {
      name: "headers that quote the gateway's own key",
      upstream: [
        answer(200, OK_JSON, { "x-request-id": CANARIES.provider, "openai-version": CANARIES.provider }),
      ],
      sees: { ...SEES_OK, headers: { "x-crossover-upstream-request-id": null, "openai-version": null } },
      counted: COUNTS_OK,
      kept: "The key.",
    },
    {
      name: "100 Continue, which nobody asked for",
      upstream: [early(100)],
      sees: BROKEN,
      counted: COUNTS_BROKEN,
      kept: "Nothing behind it is taken for an answer.",
    },
    {
      name: "103 Early Hints first",
      upstream: [early(103, "link: </style.css>; rel=preload\r\n")],
      sees: { ...SEES_OK, headers: { link: null } },
      counted: COUNTS_OK,
      kept: SAME,
    },
    {
      name: "101 Switching Protocols",
      upstream: [["HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"]],
      sees: BROKEN,
      counted: COUNTS_BROKEN,
      kept: "The connection is not used again.",
    },
    {
      name: "204 No Content",
      upstream: [["HTTP/1.1 204 No Content\r\n\r\n"]],
      sees: BAD_RESPONSE,
      counted: COUNTS_BAD,
      kept: NO_RETRY,
    },
    {
      name: "a header with a line break of its own",
      upstream: [answer(200, OK_JSON, { "x-request-id": "1\rset-cookie: a=b" })],
      sees: { ...BAD_RESPONSE, headers: { "set-cookie": null } },
      counted: COUNTS_BAD,
      kept: "No header is made of another's value.",
    },
    {
      name: "a redirect, 302",
      upstream: [answer(302, "", { location: "http://127.0.0.1:1/elsewhere" })],
      sees: { ...BAD_RESPONSE, headers: { location: null } },
      counted: COUNTS_BAD,
      kept: "It is not followed: only the configuration chooses hosts (SSRF).",
    },
    {
      name: "a redirect that keeps the method, 307",
      upstream: [answer(307, "", { location: "http://169.254.169.254/latest/meta-data" })],
      stream: true,
      sees: { ...BAD_RESPONSE, headers: { location: null } },
      counted: COUNTS_BAD,
      kept: "It is not followed: only the configuration chooses hosts (SSRF).",
    },
    {
      name: "chunks with extensions and a trailer",
      upstream: [
        [
          streamHead({ trailer: "x-sum" }),
          `${(ROLE + ONE).length.toString(16)};name=value\r\n${ROLE}${ONE}\r\n`,
          frame(FINISH + DONE),
          "0\r\nx-sum: 1\r\n\r\n",
        ],
      ],
      stream: true,
      sees: { kind: "stream", content: "one ", ends: "[DONE]" },
      counted: { status: 200, attempts: { success: 1 } },
      kept: SAME,
    },
    {
      name: "a second answer that nobody asked for",
      upstream: [[...OK, ...answer(200, OK_JSON.replace("all of it", "forged"))]],
      sees: SEES_OK,
      counted: COUNTS_OK,
      kept: "It is given to nobody else: the connection is closed.",
    },
  ],
};
