import { z } from "zod";
import { parseJson } from "../domain/json.ts";
import type { HuggingFaceAccess } from "../domain/tuning.ts";
import { type Asked, refused, unanswered } from "./huggingface-problem.ts";

/** Longest wait for an answer, in milliseconds. */
export const TIMEOUT_MS = 60_000;

export interface Call extends Omit<Asked, "token"> {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE" | undefined;
  readonly url: string;
  readonly body?: unknown;
  /** Statuses beside 2xx that are no problem. */
  readonly expected?: readonly number[] | undefined;
}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
  /** Address of the next page, where there is one. */
  readonly next: string | undefined;
}

/** Asks one of Hugging Face's APIs. Does not try again. @throws ProviderProblem; the signal's reason */
export async function call(token: string, wanted: Call, signal: AbortSignal): Promise<Reply> {
  const asked = { ...wanted, token };
  const { status, text, next } = await send(token, wanted, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    throw unanswered(asked, error);
  });
  const well = (status >= 200 && status < 300) || wanted.expected?.includes(status);
  if (!well) throw refused(asked, status, text);
  return { status, body: parseJson(text), next };
}

/** The same, with the body checked. */
export async function ask<T>(
  token: string,
  wanted: Call,
  shape: z.ZodType<T>,
  signal: AbortSignal,
): Promise<T> {
  const { body } = await call(token, wanted, signal);
  return parsed(body, shape, { ...wanted, token });
}

/** @throws ProviderProblem for a body of another shape */
export function parsed<T>(body: unknown, shape: z.ZodType<T>, asked: Asked): T {
  const result = shape.safeParse(body);
  if (result.success) return result.data;
  throw unanswered(asked, new Error(`the answer is not as expected: ${z.prettifyError(result.error)}`));
}

async function send(token: string, { method = "GET", url, body }: Call, signal: AbortSignal) {
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      accept: "application/json",
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  return {
    status: response.status,
    text: await response.text(),
    next: nextPage(response.headers.get("link"), url),
  };
}

/** The `rel="next"` of a Link header, if it stays at the same server: the token goes there too. */
function nextPage(link: string | null, url: string): string | undefined {
  const next = /<([^>]+)>\s*;\s*rel="?next"?/.exec(link ?? "")?.[1];
  if (next === undefined || !URL.canParse(next, url)) return undefined;
  const there = new URL(next, url);
  return there.origin === new URL(url).origin ? there.href : undefined;
}

const whoAmI = z.object({ name: z.string() });

/** Finds out once, and remembers, who owns what is made. @throws ProviderProblem; the signal's reason */
export function namespaceOf(access: HuggingFaceAccess): (signal: AbortSignal) => Promise<string> {
  let known = access.namespace;
  return async (signal) => {
    known ??= (
      await ask(
        access.token,
        { url: `${access.hubURL}/api/whoami-v2`, doing: "tell whose token it is" },
        whoAmI,
        signal,
      )
    ).name;
    return known;
  };
}
