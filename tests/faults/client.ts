import OpenAI from "openai";
import type { Bench } from "./bench.ts";
import { CANARIES } from "./canaries.ts";
import { slugOf } from "./row.ts";

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

export const NOTHING: Seen = { status: 0, headers: new Map(), body: "", content: "", error: undefined };

export interface Asking {
  readonly name: string;
  readonly stream?: true;
}

export const bodyOf = (asking: Asking, stream: boolean) => ({
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
