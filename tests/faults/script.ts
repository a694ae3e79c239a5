import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * What an upstream does once it has a request, step by step: bytes are sent as they are. After the last step the
 * connection is kept for a further request, unless a step ended it.
 */
export type Script = readonly Step[];

export type Step =
  | string
  | Uint8Array
  | { readonly waitMs: number }
  /** Waits until the client has content of this model. */
  | { readonly waitsFor: "content" }
  /** Waits until a gate is open. */
  | { readonly gate: Promise<void> }
  /** Sends `bytes` bytes of a text over and over, no faster than they are taken. */
  | { readonly flood: string; readonly bytes: number }
  /** Sends a text byte by byte, with a pause after each. */
  | { readonly drip: string; readonly everyMs: number }
  | { readonly ends: "fin" | "reset" | "hang" };

/** Ends its half of the connection and goes on listening. */
export const FIN: Step = { ends: "fin" };
export const RESET: Step = { ends: "reset" };
/** Says nothing more and keeps the connection open. */
export const HANG: Step = { ends: "hang" };
/** Long enough for what was sent to be read, so that what follows is not seen together with it. */
export const PAUSE: Step = { waitMs: 50 };
/** What follows comes after the client has content, however slow the machine. */
export const SEEN: Step = { waitsFor: "content" };

/** A whole answer, with its length. */
export function answer(
  status: number,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Script {
  const length = { "content-length": String(Buffer.byteLength(body)) };
  return [head(status, { "content-type": "application/json", ...length, ...headers }), body];
}

/** The first bytes of an answer, to its blank line. */
export function head(status: number, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Whatever\r\n${lines.join("")}\r\n`;
}

/** The head of a stream of events in chunks. */
export function streamHead(headers: Readonly<Record<string, string>> = {}): string {
  return head(200, { "content-type": "text/event-stream", "transfer-encoding": "chunked", ...headers });
}

/** One chunk of a chunked body. */
export function frame(bytes: string | Uint8Array): Uint8Array {
  const size = Buffer.byteLength(bytes).toString(16);
  return Buffer.concat([Buffer.from(`${size}\r\n`), Buffer.from(bytes), Buffer.from("\r\n")]);
}

export const LAST_FRAME = "0\r\n\r\n";

/** A stream that ends as HTTP asks for, with a chunk for each text. */
export function stream(texts: readonly (string | Uint8Array)[], headers?: Record<string, string>): Script {
  return [streamHead(headers), ...texts.map(frame), LAST_FRAME];
}

/**
 * Plays a script on a connection.
 *
 * @param seen settles once the client has content
 * @returns false when the connection can take no further request
 */
export async function play(script: Script, socket: Socket, seen: Promise<void>): Promise<boolean> {
  for (const step of script) {
    if (socket.destroyed) return false;
    if (typeof step === "string" || step instanceof Uint8Array) await send(socket, step);
    else if ("waitMs" in step) await sleep(step.waitMs);
    else if ("waitsFor" in step) await seen;
    else if ("gate" in step) await step.gate;
    else if ("flood" in step) await flood(socket, step.flood, step.bytes);
    else if ("drip" in step) await drip(socket, step.drip, step.everyMs);
    else {
      if (step.ends === "fin") socket.end();
      if (step.ends === "reset") socket.resetAndDestroy();
      return false;
    }
  }
  return true;
}

/** Waits until the bytes have left; or the connection has ended, which the next step notices. */
function send(socket: Socket, bytes: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off("close", done);
      resolve();
    };
    socket.once("close", done);
    if (socket.destroyed) return done();
    socket.write(bytes, done);
  });
}

async function flood(socket: Socket, text: string, bytes: number): Promise<void> {
  const block = Buffer.from(text.repeat(Math.ceil(65_536 / text.length)));
  for (let sent = 0; sent < bytes && !socket.destroyed; sent += block.length)
    await send(socket, block.subarray(0, Math.min(block.length, bytes - sent)));
}

async function drip(socket: Socket, text: string, everyMs: number): Promise<void> {
  for (const byte of Buffer.from(text)) {
    if (socket.destroyed) return;
    await send(socket, Buffer.of(byte));
    await sleep(everyMs);
  }
}
