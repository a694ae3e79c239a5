import { connect } from "node:net";
import { expect } from "vitest";
import { type TestGateway, until } from "../support/gateway.ts";
import type { Upstream } from "../support/upstream.ts";

/** An answer as its bytes came over the socket. */
export interface RawAnswer {
  /** All bytes that came, of all answers. */
  readonly text: string;
  /** Status of the first final answer; 0 when none came. */
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** Code of the socket's error, such as ECONNRESET; undefined when the connection ended well. */
  readonly error: string | undefined;
}

/** What an error answer must say. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly type?: string;
  readonly param?: string | null;
}

/** 400 invalid_request_error. */
export const refused400 = (param: string | null, code: string): Refusal => ({ status: 400, code, param });

/** Sends parts one after the other to a gateway and reads until it closes the connection. */
export function sendRaw(url: string, ...parts: readonly (string | Uint8Array)[]): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    const chunks: Buffer[] = [];
    let error: string | undefined;
    socket.on("data", (chunk) => chunks.push(Buffer.from(chunk)));
    socket.on("error", (cause: NodeJS.ErrnoException) => {
      error = cause.code ?? cause.message;
    });
    socket.on("close", () => resolve({ ...readAnswer(Buffer.concat(chunks).toString("utf8")), error }));
    for (const part of parts) socket.write(part);
  });
}

/** A POST to the chat endpoint in bytes; the connection is to be closed after it. */
export function rawPost(body: string | Uint8Array, headers: readonly string[] = []): Buffer {
  const head = [
    "POST /v1/chat/completions HTTP/1.1",
    "Host: gateway.test",
    "Connection: close",
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(headers.some((line) => /^content-type/i.test(line)) ? [] : ["Content-Type: application/json"]),
    ...headers,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1"), Buffer.from(body)]);
}

/** Takes apart the first answer in what came over a connection. */
export function readAnswer(text: string): Omit<RawAnswer, "error"> {
  const final = text.replace(/^(HTTP\/1\.1 1\d\d [^\r]*\r\n(.+\r\n)*\r\n)+/, "");
  const split = final.indexOf("\r\n\r\n");
  const [statusLine = "", ...lines] = final.slice(0, Math.max(0, split)).split("\r\n");
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { text, status: Number(statusLine.split(" ")[1] ?? 0), headers, body: final.slice(split + 4) };
}

/** Checks an error answer whole: status, headers, and the four members of its body and no others. */
export function expectRefusal(answer: RawAnswer, refusal: Refusal, name = ""): void {
  expect(answer.error, `${name}: socket error`).toBeUndefined();
  expect(answer.status, `${name}: ${answer.text.slice(0, 300)}`).toBe(refusal.status);
  expectErrorHeaders((header) => answer.headers.get(header) ?? null);
  expectErrorBody(JSON.parse(answer.body), refusal, name);
}

/** The same check for an answer to fetch. */
export async function expectRefused(answer: Response, refusal: Refusal, name = ""): Promise<void> {
  const text = await answer.text();
  expect(answer.status, `${name}: ${text.slice(0, 300)}`).toBe(refusal.status);
  expectErrorHeaders((header) => answer.headers.get(header));
  expectErrorBody(JSON.parse(text), refusal, name);
}

function expectErrorHeaders(header: (name: string) => string | null): void {
  expect(header("content-type")).toMatch(/^application\/json\b/);
  expect(header("x-request-id")).toMatch(/^cx_[0-9a-f]{32}$/);
  expect(header("x-crossover-request-id")).toBe(header("x-request-id"));
}

function expectErrorBody(body: unknown, refusal: Refusal, name: string): void {
  const { code, type = "invalid_request_error", param } = refusal;
  expect(body, name).toEqual({
    error: {
      message: expect.stringMatching(/\S/),
      type,
      code,
      param: param === undefined ? expect.toSatisfy(isStringOrNull) : param,
    },
  });
  // No stack, file path or address of another host.
  expect(JSON.stringify(body), name).not.toMatch(
    /\bat \w+ ?\(|node_modules|file:|\.ts\b|127\.0\.0\.1:\d|sk-up/,
  );
}

function isStringOrNull(value: unknown): boolean {
  return value === null || typeof value === "string";
}

/** Ground rule: after any input the gateway lives, holds nothing, and reports no bug of its own. */
export async function expectCalm(gateway: TestGateway, upstream?: Upstream): Promise<void> {
  if (upstream !== undefined) expect(upstream.received.map(({ text }) => text)).toEqual([]);
  const live = await fetch(`${gateway.url}/health/live`);
  expect([live.status, await live.json()]).toEqual([200, { status: "ok" }]);
  await until(async () => (await gateway.metric("crossover_inflight_requests")) === 0);
  expect(gateway.logs.filter(({ level }) => level === "error")).toEqual([]);
}
