import { type Agent, type ClientRequest, type IncomingMessage, request } from "node:http";
import { z } from "zod";
import { parseJson } from "../../src/domain/json.ts";
import { ERROR_EVENT, streamBytes, streamedAnswer, wholeBytes } from "./answers.ts";
import { CLIENT_KEY } from "./gateway.ts";
import type { Plan } from "./plan.ts";

/** How a request ended, as its client saw it. */
export type Outcome =
  /** The right answer to the last byte. */
  | { readonly kind: "complete" }
  /** A beginning of the right answer, then an error event. */
  | { readonly kind: "broken"; readonly code: string }
  /** An error in OpenAI's shape. */
  | { readonly kind: "refused"; readonly status: number; readonly code: string | null }
  /** The client left; what it had until then was right. */
  | { readonly kind: "left" }
  | { readonly kind: "wrong"; readonly why: string };

export interface Seen {
  readonly number: number;
  readonly stream: boolean;
  readonly outcome: Outcome;
  /** Undefined when the client left before the answer's head. */
  readonly requestId: string | undefined;
  /** Milliseconds since 1970. */
  readonly beganAt: number;
  readonly endedAt: number;
}

export interface Target {
  readonly seed: number;
  readonly port: number;
  readonly agent: Agent;
}

const openaiError = z.object({
  error: z.object({
    message: z.string().min(1),
    type: z.string().min(1),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
});

/** Sends one request as planned, and checks what comes back. Never rejects. */
export function send(target: Target, plan: Plan): Promise<Seen> {
  return new Promise((resolve) => new Conversation(target, plan, resolve));
}

class Conversation {
  readonly #target: Target;
  readonly #plan: Plan;
  readonly #resolve: (seen: Seen) => void;
  readonly #request: ClientRequest;
  readonly #beganAt = Date.now();
  readonly #parts: Buffer[] = [];
  #length = 0;
  #response: IncomingMessage | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(target: Target, plan: Plan, resolve: (seen: Seen) => void) {
    this.#target = target;
    this.#plan = plan;
    this.#resolve = resolve;
    this.#request = request({
      host: "127.0.0.1",
      port: target.port,
      path: "/v1/chat/completions",
      method: "POST",
      agent: target.agent,
      headers: {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(plan.body),
        authorization: `Bearer ${CLIENT_KEY}`,
      },
    });
    this.#request.on("response", (response) => this.#head(response));
    this.#request.on("error", (error) => this.#end({ kind: "wrong", why: `no answer: ${error.message}` }));
    this.#request.on("finish", () => this.#sent());
    this.#request.end(plan.body);
  }

  /** The request is out, so the gateway will count it, whatever its client does from here on. */
  #sent(): void {
    const { leave } = this.#plan;
    if (leave !== undefined && "afterMs" in leave)
      this.#timer = setTimeout(() => this.#leave(), leave.afterMs);
  }

  #head(response: IncomingMessage): void {
    this.#response = response;
    const { leave } = this.#plan;
    response.on("data", (part: Buffer) => {
      this.#parts.push(part);
      this.#length += part.length;
      if (leave !== undefined && "afterBytes" in leave && this.#length >= leave.afterBytes) this.#leave();
    });
    response.on("end", () => this.#end(this.#verdict(response)));
    response.on("error", (error) => this.#end({ kind: "wrong", why: `cut off: ${error.message}` }));
  }

  #leave(): void {
    if (this.#ended) return;
    const right = this.#response?.statusCode !== 200 || this.#isBeginning(Buffer.concat(this.#parts));
    this.#end(right ? { kind: "left" } : { kind: "wrong", why: "not the beginning of the right answer" });
    this.#request.destroy();
  }

  #end(outcome: Outcome): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    const { number, stream } = this.#plan;
    const requestId = this.#response?.headers["x-crossover-request-id"];
    this.#resolve({
      number,
      stream,
      outcome: this.#response !== undefined && typeof requestId !== "string" ? withoutId(outcome) : outcome,
      requestId: typeof requestId === "string" ? requestId : undefined,
      beganAt: this.#beganAt,
      endedAt: Date.now(),
    });
  }

  #verdict({ statusCode = 0, headers }: IncomingMessage): Outcome {
    const body = Buffer.concat(this.#parts);
    const type = headers["content-type"] ?? "none";
    if (statusCode >= 400) return refusal(statusCode, type, body);
    const { stream } = this.#plan;
    if (statusCode !== 200 || !type.startsWith(stream ? "text/event-stream" : "application/json"))
      return { kind: "wrong", why: `status ${statusCode}, content type ${type}` };
    const right = this.#rightBytes();
    if (body.equals(right)) return { kind: "complete" };
    return stream ? breakage(body, right) : { kind: "wrong", why: "not the right answer" };
  }

  #rightBytes(): Buffer {
    const { number, stream, wantsUsage } = this.#plan;
    const { seed } = this.#target;
    return stream ? streamBytes(streamedAnswer(seed, number), wantsUsage) : wholeBytes(seed, number);
  }

  /** Is it a part of the right answer from its start on, or of one that breaks off with an error event? */
  #isBeginning(body: Buffer): boolean {
    const right = this.#rightBytes();
    if (body.equals(right.subarray(0, body.length))) return true;
    const from = lastEventAt(body);
    const tail = body.subarray(from).toString();
    return (
      this.#plan.stream &&
      body.subarray(0, from).equals(right.subarray(0, from)) &&
      (tail.startsWith('data: {"error":') || ERROR_EVENT.startsWith(tail))
    );
  }
}

function withoutId(outcome: Outcome): Outcome {
  return outcome.kind === "wrong" ? outcome : { kind: "wrong", why: "an answer without a request id" };
}

function refusal(status: number, type: string, body: Buffer): Outcome {
  const { success, data } = openaiError.safeParse(parseJson(body.toString()));
  return success && type.startsWith("application/json")
    ? { kind: "refused", status, code: data.error.code }
    : { kind: "wrong", why: `status ${status} without an error in OpenAI's shape` };
}

/** What a stream is that is not the whole answer. */
function breakage(body: Buffer, right: Buffer): Outcome {
  const from = lastEventAt(body);
  if (from >= right.length || !body.subarray(0, from).equals(right.subarray(0, from)))
    return { kind: "wrong", why: `not the right stream, from byte ${differsFrom(body, right)} on` };
  const last = body.subarray(from).toString();
  const { success, data } = openaiError.safeParse(parseJson(last.replace(/^data: /, "")));
  return success && last.endsWith("\n\n")
    ? { kind: "broken", code: data.error.code ?? "" }
    : { kind: "wrong", why: "a stream that stops without an error event" };
}

/** Where the last event begins, which may not be whole. */
function lastEventAt(body: Buffer): number {
  const before = body.subarray(0, Math.max(0, body.length - 2)).lastIndexOf("\n\n");
  return before === -1 ? 0 : before + 2;
}

function differsFrom(body: Buffer, right: Buffer): number {
  const at = body.findIndex((byte, place) => byte !== right[place]);
  return at === -1 ? body.length : at;
}
