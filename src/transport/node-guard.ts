import {
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { Duplex } from "node:stream";
import { GatewayError } from "../domain/errors.ts";
import { errorAnswer, newRequestId } from "../domain/own-answer.ts";
import type { ServerSettings } from "../domain/table.ts";
import { allowHalfClosed } from "./node-half-closed.ts";
import { closeLingering, endLingering } from "./node-linger.ts";
import { endStalled } from "./node-stalled.ts";

/** Bytes and number of headers that a request may have. */
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_HEADERS = 256;

/** Milliseconds for the headers of a request, and how often it is looked which requests are late. */
const HEADERS_MS = 30_000;
const LATE_CHECK_MS = 5000;

/** What Node's server does by itself. The rest is for `guardServer`. */
export function serverOptions({ requestTimeout }: ServerSettings): ServerOptions {
  return {
    ...SERVER_OPTIONS,
    headersTimeout: Math.min(HEADERS_MS, requestTimeout),
    requestTimeout,
    connectionsCheckingInterval: Math.min(LATE_CHECK_MS, requestTimeout),
  };
}

const SERVER_OPTIONS: ServerOptions = {
  maxHeaderSize: MAX_HEADER_BYTES,
  // Checked below, where the refusal gets the shape of all others.
  requireHostHeader: false,
  // A header that stands twice is seen to do so: Node would drop a second Authorization silently.
  joinDuplicateHeaders: true,
  // Longer than the idle time of usual load balancers, so that they close first.
  keepAliveTimeout: 75_000,
  noDelay: true,
  // Bytes that wait for a client that reads slowly, beside those in the system's buffers, before its upstream is paused.
  highWaterMark: 16 * 1024,
};

type Listener = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

/** Answers what Node's parser refuses, in the shape of all other errors, and hands the rest to `listener`. */
export function guardServer(server: Server, listener: Listener, settings: ServerSettings): void {
  allowHalfClosed(server);
  endStalled(server, settings.clientTimeout);
  server.maxConnections = settings.maxConnections;
  const guarded: Listener = (incoming, outgoing) => {
    if (incoming.rawHeaders.length / 2 > MAX_HEADERS) return refuse(outgoing, headersTooLarge());
    if (!hasAddress(incoming) || !isPlainlyFramed(incoming)) return refuse(outgoing, malformed());
    listener(incoming, outgoing);
  };
  server.maxHeadersCount = 0;
  server.on("request", guarded);
  server.on("checkContinue", (incoming, outgoing) => {
    // The body is asked for when somebody reads it: not at all when its headers are refused.
    incoming.once("resume", () => {
      if (!outgoing.headersSent) outgoing.writeContinue();
    });
    guarded(incoming, outgoing);
  });
  server.on("checkExpectation", (_incoming, outgoing) =>
    refuse(outgoing, refusal(417, "expectation_failed", "The only expectation known is 100-continue.")),
  );
  server.on("connect", (_incoming, socket) =>
    refuseRaw(
      socket,
      refusal(405, "method_not_allowed", "CONNECT is not served here.", { allow: "GET, POST" }),
    ),
  );
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (error.code === "ECONNRESET" || !socket.writable) socket.destroy();
    else refuseRaw(socket, parserRefusal(error.code));
  });
}

function parserRefusal(code: string | undefined): GatewayError {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return headersTooLarge();
    case "HPE_INVALID_METHOD":
      return refusal(405, "method_not_allowed", "This method is not known.", { allow: "GET, POST" });
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return refusal(408, "request_timeout", "The request did not arrive in time.");
    default:
      return malformed();
  }
}

/** Node takes a coding before `chunked` as if it were not there; another reader might not. */
function isPlainlyFramed({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"]?.includes(",") !== true;
}

/** A path that is one whatever host it is on. */
const PLAIN_PATH = /^\/[\w./-]*$/;

/** Is the request for a path, on a host that every reader of the header takes for the same one? */
function hasAddress({ url = "", headers, httpVersion }: IncomingMessage): boolean {
  const { host = httpVersion === "1.0" ? "localhost" : "" } = headers;
  if (!isHost(host)) return false;
  if (PLAIN_PATH.test(url)) return true;
  // A backslash is a slash to some readers, and no part of an address.
  if (url.includes("\\")) return false;
  return url.startsWith("/") ? URL.canParse(`http://${host}${url}`) : isAbsolute(url);
}

/** The host that was last found good: to parse it anew for each request takes longer than to decide. */
let goodHost: string | undefined;

function isHost(host: string): boolean {
  if (host === goodHost) return true;
  const authority = URL.parse(`http://${host}/`);
  const good = authority !== null && authority.hostname === host.toLowerCase().replace(/:\d*$/, "");
  if (good) goodHost = host;
  return good;
}

function isAbsolute(url: string): boolean {
  return /^https?:\/\//i.test(url) && URL.canParse(url);
}

function malformed(): GatewayError {
  return refusal(400, "invalid_value", "This is no valid HTTP request.");
}

function headersTooLarge(): GatewayError {
  return refusal(
    431,
    "headers_too_large",
    `The headers have more than ${MAX_HEADER_BYTES} bytes or ${MAX_HEADERS} fields.`,
  );
}

function refusal(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): GatewayError {
  return new GatewayError({ status, type: "invalid_request_error", code, message, headers });
}

function refuse(outgoing: ServerResponse, error: GatewayError): void {
  const { status, headers, body } = errorAnswer(error, newRequestId());
  const length = Buffer.byteLength(body);
  outgoing.writeHead(status, { ...headers, "content-length": length, connection: "close" });
  endLingering(outgoing, body);
}

function refuseRaw(socket: Duplex, error: GatewayError): void {
  const { status, headers, body } = errorAnswer(error, newRequestId());
  const all = { ...headers, "content-length": String(Buffer.byteLength(body)), connection: "close" };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const statusLine = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Refused"}\r\n`;
  closeLingering(socket, `${statusLine}${lines.join("")}\r\n${body}`);
}
