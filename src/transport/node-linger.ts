import type { ServerResponse } from "node:http";
import type { Duplex, Readable } from "node:stream";

/** Silence, in milliseconds, and bytes after which a client that does not finish its request is cut off. */
const QUIET_MS = 1000;
/** The same for one that goes on and on, a byte at a time. */
const LONGEST_MS = 30_000;
const MAX_BYTES = 64 * 1024 * 1024;

/** Longest body that is sent in one piece with its headers: a longer one is not worth the copy. */
const ONE_PIECE_BYTES = 16 * 1024;

/** Each byte as one character, and no byte changed. */
function latin1({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("latin1");
}

/**
 * Ends an answer that may have come before the whole request. Closing a connection with unread bytes resets
 * it, and the reset can overtake the answer; so what the client still sends is read and thrown away first.
 */
export function endLingering(outgoing: ServerResponse, body: Uint8Array | string): void {
  const incoming = outgoing.req;
  if (incoming.complete || incoming.destroyed) {
    // As a text it leaves in one piece with the headers; as bytes it would be a second one.
    if (body.length > ONE_PIECE_BYTES || typeof body === "string") outgoing.end(body);
    else outgoing.end(latin1(body), "latin1");
    return;
  }
  outgoing.write(body);
  readAway(incoming, () => outgoing.end());
}

/** The same for an answer written to the socket itself, of which Node's parser reads no more. */
export function closeLingering(socket: Duplex, answer: string): void {
  socket.removeAllListeners("data");
  socket.end(answer);
  readAway(socket, () => socket.destroy());
}

function readAway(stream: Readable, done: () => void): void {
  let length = 0;
  const timer = setTimeout(() => finish(), QUIET_MS);
  const longest = setTimeout(() => finish(), LONGEST_MS);
  const stop = (): void => {
    clearTimeout(timer);
    clearTimeout(longest);
  };
  const count = (chunk: Uint8Array): void => {
    length += chunk.length;
    if (length > MAX_BYTES) finish();
    else timer.refresh();
  };
  const finish = (): void => {
    stop();
    stream.removeListener("data", count);
    done();
  };
  stream.on("data", count);
  stream.once("end", finish);
  stream.once("error", finish);
  stream.once("close", stop);
  stream.resume();
}
