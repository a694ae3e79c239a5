import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createNetServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A request as an upstream received it. */
export interface Received {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** The body's exact text. */
  readonly text: string;
  /** The body, parsed. */
  readonly body: Record<string, unknown>;
  /** Becomes true when the gateway closed the connection before the answer was complete. */
  readonly aborted: () => boolean;
}

export type Respond = (received: Received, response: ServerResponse) => void | Promise<void>;

export interface Upstream {
  /** Such as http://127.0.0.1:4321. */
  readonly url: string;
  readonly received: readonly Received[];
  /** Changes how the next requests are answered. */
  respond(with_: Respond): void;
}

/** An upstream double on a real port that remembers what it received; by default it answers `completion("ok")`. */
export async function startUpstream(
  respond: Respond = (_received, response) => sendJson(response, completion("ok")),
): Promise<Upstream> {
  const received: Received[] = [];
  let current = respond;
  const server = createServer((request, response) => {
    void (async () => {
      const text = await readText(request);
      let aborted = false;
      response.on("close", () => {
        aborted = !response.writableFinished;
      });
      const one: Received = {
        method: request.method ?? "",
        url: request.url ?? "",
        headers: request.headers,
        text,
        body: text.startsWith("{") ? JSON.parse(text) : {},
        aborted: () => aborted,
      };
      received.push(one);
      await current(one, response);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    received,
    respond: (with_) => {
      current = with_;
    },
  };
}

/** An upstream of raw bytes, for what no HTTP library would send. `onRequest` gets the socket once a request's head has come. */
export async function startRawUpstream(
  onRequest: (socket: Socket, head: string) => void,
): Promise<{ readonly url: string }> {
  const sockets = new Set<Socket>();
  const server = createNetServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    let head = "";
    let answered = false;
    socket.on("data", (chunk) => {
      head += chunk.toString("latin1");
      if (answered || !head.includes("\r\n\r\n")) return;
      answered = true;
      onRequest(socket, head);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${portOf(server.address())}` };
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new TypeError("the server listens on no port");
  return address.port;
}

export function sendJson(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}

/** OpenAI's `chat.completion` object with one answer. */
export function completion(
  content: string,
  usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
): Record<string, unknown> {
  return {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1700000000,
    model: "upstream-model",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content, refusal: null },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    usage,
  };
}

/** One server-sent event with a chunk of OpenAI's stream. */
export function chunk(delta: unknown, finishReason: string | null = null): string {
  return event({
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1700000000,
    model: "upstream-model",
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
  });
}

export function usageChunk(usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }): string {
  return event({
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1700000000,
    model: "upstream-model",
    choices: [],
    usage,
  });
}

export function event(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

export const DONE = "data: [DONE]\n\n";

/** The events of a whole streamed answer, role first; the usage chunk where it was asked for. */
export function streamOf(words: readonly string[], includeUsage: boolean): readonly string[] {
  return [
    chunk({ role: "assistant", content: "" }),
    ...words.map((content) => chunk({ content })),
    chunk({}, "stop"),
    ...(includeUsage ? [usageChunk()] : []),
    DONE,
  ];
}

/** Did the request ask for the usage chunk? */
export function wantsUsage({ body }: Received): boolean {
  const options = body["stream_options"];
  return (
    typeof options === "object" &&
    options !== null &&
    "include_usage" in options &&
    options.include_usage === true
  );
}

export function startStream(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  response.flushHeaders();
}

/** Answers with a whole stream, event by event. */
export const respondStream =
  (words: readonly string[]): Respond =>
  (received, response) => {
    startStream(response);
    for (const one of streamOf(words, wantsUsage(received))) response.write(one);
    response.end();
  };
