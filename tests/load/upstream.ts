import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { ERROR_EVENT, streamBytes, streamedAnswer, UPSTREAM_ERROR, wholeBytes } from "./answers.ts";
import { Dice } from "./dice.ts";
import { PROMPT, UPSTREAM_KEY } from "./gateway.ts";
import type { Call, CallEnd } from "./ledger.ts";
import { type Fault, faultOf, numberIn, questionOf } from "./plan.ts";

// The load test's upstream: `node tests/load/upstream.ts SEED`. Prints its port. Besides chat completions:
// GET /ledger, /alive, /outage/on, /outage/off, and /idle, which closes the connections that nothing is under way on.

const seed = Number(process.argv[2]);
const calls: Call[] = [];
const callsByNumber = new Map<number, number>();
let outage = false;

const chat = z.object({
  model: z.enum(["base", "tuned"]),
  stream: z.boolean().default(false),
  stream_options: z.object({ include_usage: z.boolean() }).optional(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })).min(1),
});

type Chat = z.infer<typeof chat>;

const server = createServer((request, response) => {
  void (request.method === "GET" ? control(request.url, response) : answer(request, response));
});
// Only the gateway ends a connection that can be used again: it must never meet one that is just being closed.
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", 4096, () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("the upstream listens on no port");
  process.stdout.write(`The upstream listens on ${address.port}\n`);
});

async function control(path: string | undefined, response: ServerResponse): Promise<void> {
  switch (path) {
    case "/ledger":
      response.end(JSON.stringify(calls));
      return;
    case "/alive":
      break;
    case "/idle":
      server.closeIdleConnections();
      break;
    case "/outage/on":
    case "/outage/off":
      outage = path === "/outage/on";
      break;
    default:
      response.statusCode = 404;
  }
  response.end("{}");
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const text = await readText(request);
  if (text === undefined) return;
  const body = chat.parse(JSON.parse(text));
  const number = numberIn(body.messages.at(-1)?.content ?? "") ?? 0;
  const before = callsByNumber.get(number) ?? 0;
  callsByNumber.set(number, before + 1);
  const wrong = wrongWith(body, number, request.headers.authorization);
  const call: Call = { number, end: "open", beganAt: Date.now(), endedAt: 0, wrong };
  calls.push(call);
  response.on("finish", () => end(call, "complete"));
  response.on("close", () => end(call, "aborted"));
  const { socket } = request;
  await send({ call, response, socket, body, dice: new Dice(seed, number, "sent", before) }, before);
}

/** @returns undefined when the gateway took the request back before it was there: no call */
async function readText(request: IncomingMessage): Promise<string | undefined> {
  let text = "";
  request.setEncoding("utf8");
  try {
    for await (const part of request) text += part;
    return text;
  } catch {
    return undefined;
  }
}

/** What is wrong with a request as the gateway shaped it. */
function wrongWith(
  { model, messages, stream, stream_options }: Chat,
  number: number,
  key = "",
): string | undefined {
  const question = questionOf(seed, number);
  const [first] = messages;
  const last = messages.at(-1);
  if (key !== `Bearer ${UPSTREAM_KEY}`) return "not the gateway's key";
  if (stream && stream_options?.include_usage !== true) return "no usage asked for";
  if (model === "tuned")
    return messages.length === 1 && last?.content === question ? undefined : "not the bare question";
  return first?.role === "system" &&
    first.content.startsWith(PROMPT.system) &&
    last?.content === PROMPT.cue.replace("{{ query }}", question)
    ? undefined
    : "not enriched";
}

interface Sending {
  readonly call: Call;
  readonly response: ServerResponse;
  readonly socket: Socket;
  readonly body: Chat;
  readonly dice: Dice;
}

/** The first end is the one that counts: what follows is its echo. */
function end(call: Call, how: CallEnd): void {
  if (call.end !== "open") return;
  call.end = how;
  call.endedAt = Date.now();
}

async function send(sending: Sending, before: number): Promise<void> {
  const { call, response, body, dice } = sending;
  if (outage) {
    end(call, "outage");
    return sendError(response, 503);
  }
  await delay(dice.between("first byte", 0, 400));
  if (call.end !== "open") return;
  const fault = faultOf(seed, call.number, before);
  if (fault !== undefined) return fail(sending, fault);
  if (body.stream) return sendStream(sending, streamBytes(streamedAnswer(seed, call.number), true));
  const bytes = wholeBytes(seed, call.number);
  response.writeHead(200, { "content-type": "application/json", "content-length": bytes.length });
  await sendPieces(sending, bytes, 2);
  response.end();
}

async function fail(sending: Sending, fault: Fault): Promise<void> {
  const { call, response, socket, body } = sending;
  switch (fault.kind) {
    case "status":
      end(call, fault.kind);
      return sendError(response, fault.status);
    case "hang-up":
      end(call, fault.kind);
      socket.resetAndDestroy();
      return;
    case "error-first":
      end(call, fault.kind);
      if (!body.stream) return sendError(response, 200);
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(ERROR_EVENT);
      return;
    case "error-event": {
      if (!body.stream) return fail(sending, { kind: "error-first" });
      const content = contentOf(call);
      const first = Buffer.from(content.slice(0, Math.ceil(fault.at * content.length)).join(""));
      await sendStream(sending, first, () => {
        end(call, fault.kind);
        response.end(ERROR_EVENT);
      });
      return;
    }
    case "reset":
    case "close":
      return breakOff(sending, fault.at, () => {
        end(call, fault.kind);
        if (fault.kind === "reset") socket.resetAndDestroy();
        else socket.destroySoon();
      });
  }
}

async function breakOff(sending: Sending, at: number, breaks: () => void): Promise<void> {
  const { call, response, body } = sending;
  if (body.stream) {
    const bytes = Buffer.from(contentOf(call).join(""));
    return sendStream(sending, bytes.subarray(0, Math.floor(at * bytes.length)), breaks);
  }
  const bytes = wholeBytes(seed, call.number);
  response.writeHead(200, { "content-type": "application/json", "content-length": bytes.length });
  await sendPieces(sending, bytes.subarray(0, Math.floor(at * bytes.length)), 2);
  if (call.end === "open") breaks();
}

function contentOf({ number }: Call): readonly string[] {
  return streamedAnswer(seed, number).content;
}

function sendError(response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(UPSTREAM_ERROR));
}

/** Sends in 10 to 50 pieces, and then ends as it is told. */
async function sendStream(
  sending: Sending,
  bytes: Buffer,
  ends: () => void = () => sending.response.end(),
): Promise<void> {
  sending.response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  sending.response.flushHeaders();
  await sendPieces(sending, bytes, sending.dice.between("pieces", 10, 50));
  if (sending.call.end === "open") ends();
}

/**
 * Cuts bytes anywhere, also within an event and within a character, and sends the parts with pauses between. The last
 * part is never empty: an answer whose length was told is over with its last byte, and the next call may come at once.
 */
async function sendPieces({ call, response, dice }: Sending, bytes: Buffer, pieces: number): Promise<void> {
  const cuts = Array.from({ length: pieces - 1 }, (_, place) =>
    dice.between(`cut ${place}`, 0, Math.max(0, bytes.length - 1)),
  );
  const ends = [...cuts.sort((a, b) => a - b), bytes.length];
  let from = 0;
  for (const [place, to] of ends.entries()) {
    await delay(dice.between(`pause ${place}`, 20, 480));
    if (call.end !== "open") return;
    if (to > from) response.write(bytes.subarray(from, to));
    from = to;
  }
}
