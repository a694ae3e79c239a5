import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import OpenAI from "openai";
import { until } from "../support/until.ts";
import type { Bench } from "./bench.ts";
import { CANARIES } from "./canaries.ts";
import { type Client, slugOf } from "./row.ts";

/** What a client got. */
export interface Seen {
  /** 0 when no answer came. */
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** The bytes of the body, as text. */
  readonly body: string;
  /** The content, as the SDK reads it. */
  readonly content: string;
  /** The error that the SDK raised. */
  readonly error: SeenError | undefined;
}

export interface SeenError {
  readonly name: string;
  readonly code: unknown;
  readonly type: unknown;
  readonly param: unknown;
}

const NOTHING: Seen = { status: 0, headers: new Map(), body: "", content: "", error: undefined };

export interface Asking {
  readonly name: string;
  readonly stream?: true;
}

const bodyOf = (asking: Asking, stream: boolean) => ({
  model: slugOf(asking),
  messages: [{ role: "user" as const, content: "Hi" }],
  stream,
});

/** Asks with the official SDK, without retries of its own, and keeps the bytes beside what it reads. */
export async function ask(
  { gateway }: Bench,
  asking: Asking,
  onContent: () => void = () => {},
): Promise<Seen> {
  const raw = { status: 0, headers: new Map<string, string>(), body: Promise.resolve("") };
  const client = new OpenAI({
    baseURL: `${gateway.url}/v1`,
    apiKey: CANARIES.client,
    maxRetries: 0,
    logLevel: "off",
    fetch: async (url, init) => {
      // The SDK aborts what it no longer reads; the bytes are read to their end all the same.
      const answer = await fetch(url, { ...init, signal: null });
      raw.status = answer.status;
      raw.headers = new Map(answer.headers);
      raw.body = textOf(answer.clone());
      return answer;
    },
  });
  let content = "";
  let error: SeenError | undefined;
  try {
    if (asking.stream) {
      const stream = await client.chat.completions.create({ ...bodyOf(asking, true), stream: true });
      for await (const chunk of stream) {
        content += chunk.choices?.[0]?.delta?.content ?? "";
        if (content !== "") onContent();
      }
    } else {
      const answer = await client.chat.completions.create({ ...bodyOf(asking, false), stream: false });
      content = answer.choices?.[0]?.message.content ?? "";
    }
  } catch (thrown) {
    error = errorOf(thrown);
  }
  return { status: raw.status, headers: raw.headers, body: await raw.body, content, error };
}

/** What came of a body, though its connection broke. */
async function textOf(answer: Response): Promise<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  try {
    for await (const part of answer.body ?? []) text += decoder.decode(part, { stream: true });
  } catch {
    return `${text}(broken off)`;
  }
  return text;
}

function errorOf(thrown: unknown): SeenError {
  if (thrown instanceof OpenAI.APIError) {
    const { code, type, param } = thrown;
    return { name: thrown.constructor.name, code, type, param };
  }
  return {
    name: thrown instanceof Error ? thrown.name : String(thrown),
    code: null,
    type: null,
    param: null,
  };
}

/** Asks over a bare socket and does what no SDK does. */
export async function misbehave(bench: Bench, asking: Asking, client: Client): Promise<Seen> {
  const slug = slugOf(asking);
  const socket = connect(Number(new URL(bench.gateway.url).port), "127.0.0.1");
  socket.on("error", () => {});
  const received = (): string => text;
  let text = "";
  const listen = (): void =>
    void socket.setEncoding("utf8").on("data", (part) => {
      text += part;
    });
  const request = requestOf(asking);
  const called = (): Promise<boolean> => until(() => bench.upstream.calls(slug).length === 1);
  switch (client) {
    case "leaves before the answer":
      socket.write(request);
      await called();
      socket.destroy();
      return NOTHING;
    case "leaves in the middle":
      listen();
      socket.write(request);
      await until(() => received().includes('"content":"one'));
      socket.destroy();
      return NOTHING;
    case "reads nothing, then leaves":
      socket.pause();
      socket.write(request);
      await until(() => bench.upstream.sent(slug) > 0);
      await untilQuiet(() => bench.upstream.sent(slug));
      socket.destroy();
      return NOTHING;
    case "closes its half after the request":
      listen();
      socket.end(request);
      await ended(socket);
      return read(text);
  }
}

function requestOf(asking: Asking): string {
  const body = JSON.stringify(bodyOf(asking, asking.stream ?? false));
  const lines = [
    "POST /v1/chat/completions HTTP/1.1",
    "host: gateway.test",
    "connection: close",
    `authorization: Bearer ${CANARIES.client}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

/** Waits until a number has not changed for half a second. */
async function untilQuiet(number: () => number): Promise<void> {
  for (let last = -1; last !== number(); await sleep(500)) last = number();
}

function read(text: string): Seen {
  const split = text.indexOf("\r\n\r\n");
  const [statusLine = "", ...lines] = text.slice(0, Math.max(0, split)).split("\r\n");
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const body = text.slice(split + 4);
  const content = /"content":"([^"]*)"/.exec(body)?.[1] ?? "";
  return { ...NOTHING, status: Number(statusLine.split(" ")[1] ?? 0), headers, body, content };
}
