import { memberOf, parseJson, parseObject } from "../domain/json.ts";
import { readUsage, type Usage } from "../domain/usage.ts";
import { dataOf, EventCutter, hasKey, MAX_HELD_BYTES } from "../transport/sse.ts";
import { type Failure, passedHeaders, statedFailure, transportFailure } from "./failure.ts";
import { type Sink, type SinkOptions, settleFailed } from "./sink.ts";
import { statedError, toldError, type UpstreamError } from "./upstream-error.ts";

/** Headers that keep proxies on the way from buffering a stream. */
export const STREAM_HEADERS = { "cache-control": "no-cache, no-store", "x-accel-buffering": "no" } as const;

/** Longest time that a stream's events are held back from its first on while no content has come, in milliseconds. */
const HOLD_MS = 250;
const HOLD_BYTES = 64 * 1024;

/** More bytes than a key with its colon and blanks has, which may come in two parts. */
const GLANCE_BYTES = 64;

export interface StreamOptions extends SinkOptions {
  readonly hideUsage: boolean;
  /** How many answers must finish. */
  readonly choices: number;
}

const ERROR_MESSAGES = {
  upstream_stream_interrupted: "The model's server broke off its answer.",
  upstream_stalled: "The model's server stopped sending in the middle of its answer.",
  upstream_timeout: "The model's answer took longer than allowed.",
  gateway_draining: "The gateway stopped before the answer was complete.",
} as const;

export type CutCode = keyof typeof ERROR_MESSAGES;

/**
 * Relays a stream of events, byte for byte, and reads along: usage, first content, finish, errors. Until
 * the first content nothing leaves (at most 250 ms from the first event), so that a failure can still be
 * told as a plain error.
 */
export class StreamRelay implements Sink {
  readonly #options: StreamOptions;
  readonly #cutter = new EventCutter();
  #held: Buffer[] | undefined = [];
  #heldBytes = 0;
  #holdTimer: ReturnType<typeof setTimeout> | undefined;
  /** Was the event before kept from the client? */
  #hidden = false;
  #usage: Usage | undefined;
  #firstTokenAt: number | undefined;
  /** Indexes of the answers that have a finish reason. */
  readonly #finished = new Set<unknown>();
  #done = false;
  #upstreamError: UpstreamError | undefined;
  /** The end of what passed of an event too long to hold. */
  #passed = Buffer.alloc(0);

  /** Servers send about a token an event. */
  outputTokens = 0;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  data(chunk: Uint8Array): boolean {
    const out: Buffer[] = [];
    this.#cutter.push(
      chunk,
      (event) => {
        // What comes after an error, such as [DONE], would make the answer look whole.
        if (this.#upstreamError !== undefined) return;
        this.#hidden = !this.#inspect(event);
        if (!this.#hidden) out.push(this.#told(event));
      },
      (part, endsEvent) => {
        if (this.#upstreamError !== undefined || (this.#hidden && endsEvent)) return;
        this.#hidden = false;
        out.push(this.#glance(part) ?? part);
      },
    );
    const flowing = this.#held === undefined ? this.#write(out) : this.#hold(out);
    if (this.#upstreamError !== undefined) this.#finishWithUpstreamError(this.#upstreamError);
    return flowing;
  }

  end(): void {
    if (!this.#done && this.#finished.size < this.#options.choices)
      return this.cut("upstream_stream_interrupted");
    this.#commit();
    if (this.#cutter.rest.length > 0) this.#options.reply.write(this.#cutter.rest);
    this.#options.reply.end();
    this.#options.settler.settle({
      outcome: "answered",
      status: 200,
      kind: "success",
      usage: this.#usage,
      firstTokenAt: this.#firstTokenAt,
    });
  }

  cut(code: CutCode, failure: Failure = transportFailure("interrupted")): void {
    // After [DONE] the client has everything, however the connection ends.
    if (this.#done) return this.end();
    if (this.#held !== undefined) return this.#options.settler.settle({ outcome: "failed", failure });
    const { reply } = this.#options;
    const error = { message: ERROR_MESSAGES[code], type: "server_error", param: null, code };
    // An event of which a part is out can't be taken back; closing it keeps the error readable.
    if (this.#cutter.passing) reply.write("\n\n");
    reply.write(`data: ${JSON.stringify({ error })}\n\n`);
    reply.end();
    this.#interrupted(code, failure.cause);
  }

  /** A comment, between two events. */
  breathe(): void {
    if (this.#held === undefined && !this.#cutter.passing) this.#options.reply.write(":\n\n");
  }

  close(): void {
    clearTimeout(this.#holdTimer);
  }

  /** An error event in OpenAI's shape, without our key that it may quote; any other event as it came. */
  #told(event: Buffer): Buffer {
    const error = this.#upstreamError;
    if (error === undefined) return event;
    const data = dataOf(event) ?? "";
    const text = toldError(error, { text: data, value: parseJson(data) }, 502, this.#options.secrets);
    return text === data ? event : Buffer.from(`data: ${text}\n\n`);
  }

  #finishWithUpstreamError(error: UpstreamError): void {
    const { upstreamHeaders, secrets } = this.#options;
    if (this.#held !== undefined)
      return settleFailed(statedFailure(error, upstreamHeaders, secrets), this.#options);
    this.#options.reply.end();
    this.#interrupted("upstream_error");
  }

  #interrupted(code: string, cause?: string): void {
    this.#options.settler.settle({
      outcome: "interrupted",
      kind: code === "upstream_timeout" || code === "upstream_stalled" ? "timeout" : "interrupted",
      code,
      cause,
      usage: this.#usage,
      firstTokenAt: this.#firstTokenAt,
    });
  }

  #hold(out: readonly Buffer[]): boolean {
    this.#held?.push(...out);
    this.#heldBytes += out.reduce((sum, part) => sum + part.length, 0);
    if (out.length > 0) this.#holdTimer ??= setTimeout(() => this.#commit(), HOLD_MS);
    const begun =
      this.#firstTokenAt !== undefined ||
      this.#finished.size > 0 ||
      this.#done ||
      this.#heldBytes > HOLD_BYTES;
    return begun ? this.#commit() : true;
  }

  /** From here on the client has its 200. @returns false when it reads too slowly */
  #commit(): boolean {
    if (this.#held === undefined) return true;
    const held = this.#held;
    this.#held = undefined;
    clearTimeout(this.#holdTimer);
    const { reply, upstreamHeaders, headers, sharedHeaders, secrets, settler } = this.#options;
    if (this.#firstTokenAt !== undefined) settler.begun();
    reply.start(200, {
      ...passedHeaders(upstreamHeaders, secrets),
      ...sharedHeaders,
      ...headers,
      ...STREAM_HEADERS,
    });
    return this.#write(held);
  }

  #write(parts: readonly Buffer[]): boolean {
    const [first] = parts;
    if (first === undefined) return true;
    return this.#options.reply.write(parts.length === 1 ? first : Buffer.concat(parts));
  }

  /** Reads an event. @returns whether the client should get it */
  #inspect(event: Buffer): boolean {
    this.outputTokens++;
    if (this.#firstTokenAt === undefined && hasContent(event)) this.#firstTokenAt = performance.now();
    if (hasKey(event, "finish_reason", '"')) this.#readFinish(event);
    if (event.length < 32 && dataOf(event) === "[DONE]") this.#done = true;
    // A quick look: the word in a text has a backslash before its closing quote.
    if (event.includes('"error"')) this.#upstreamError = statedError(parseData(event));
    if (!hasKey(event, "usage", "{")) return true;
    return !this.#readUsage(event) || this.#upstreamError !== undefined;
  }

  /**
   * An event too long to hold is not parsed: what matters is looked for in its bytes as they pass.
   * @returns what takes the place of an error's bytes
   */
  #glance(part: Buffer): Buffer | undefined {
    if (part.length > MAX_HELD_BYTES && part.includes('"error"') && !part.includes('"choices"')) {
      this.#upstreamError = { message: undefined, members: {}, exact: false };
      return this.#told(part);
    }
    const seen = Buffer.concat([this.#passed, part]);
    if (this.#firstTokenAt === undefined && hasKey(seen, "delta", "{"))
      this.#firstTokenAt = performance.now();
    const finishes = hasKey(seen, "finish_reason", '"');
    if (finishes) this.#finish(`passed ${this.#finished.size}`);
    this.#passed = finishes ? Buffer.alloc(0) : Buffer.from(seen.subarray(-GLANCE_BYTES));
    return undefined;
  }

  #readFinish(event: Buffer): void {
    for (const choice of choicesIn(event)) {
      if (typeof memberOf(choice, "finish_reason") === "string") this.#finish(memberOf(choice, "index"));
    }
  }

  /** An upstream may finish without end: no more is remembered than is asked for. */
  #finish(index: unknown): void {
    if (this.#finished.size < this.#options.choices) this.#finished.add(index);
  }

  /** @returns whether the event is there for usage only, and the client did not ask for it */
  #readUsage(event: Buffer): boolean {
    const chunk = parseData(event);
    this.#usage = readUsage(chunk?.["usage"]) ?? this.#usage;
    return this.#options.hideUsage && Array.isArray(chunk?.["choices"]) && chunk["choices"].length === 0;
  }
}

function parseData(event: Buffer): Readonly<Record<string, unknown>> | undefined {
  const data = dataOf(event);
  return data === undefined ? undefined : parseObject(data);
}

function choicesIn(event: Buffer): readonly unknown[] {
  const choices = parseData(event)?.["choices"];
  return Array.isArray(choices) ? choices : [];
}

/** Does a chunk carry something for the reader: text, reasoning, refusal, tool calls, audio? */
function hasContent(event: Buffer): boolean {
  return choicesIn(event).some(
    (choice) => isFull(memberOf(choice, "delta")) || isFull(memberOf(choice, "text")),
  );
}

function isFull(delta: unknown): boolean {
  if (typeof delta === "string") return delta !== "";
  if (typeof delta !== "object" || delta === null) return false;
  return Object.entries(delta).some(
    ([key, value]) =>
      key !== "role" && value !== null && value !== "" && !(Array.isArray(value) && value.length === 0),
  );
}
