import { APIError, AzureOpenAI, OpenAI } from "openai";
import type { z } from "zod";
import type { AzureAccess, OpenAIAccess } from "../domain/tuning.ts";
import { type Doing, explainApiError, explainSilence } from "./explain-openai.ts";
import { ProviderProblem } from "./trainer.ts";

/** Milliseconds until an answer must have come, whole. */
export const TIMEOUT_MS: Readonly<Record<Doing, number>> = {
  reading: 60_000,
  cancelling: 60_000,
  deleting: 60_000,
  creating: 120_000,
  uploading: 900_000,
};

/** Of errors that come before anything was sent. */
const UNREACHED = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"];

/** The official client of a provider. Nothing of it is taken from the environment, and it never tries again. */
export function openaiClient(access: OpenAIAccess | AzureAccess): OpenAI {
  const options = { maxRetries: 0, logLevel: "off", adminAPIKey: null, webhookSecret: null } as const;
  if (access.api === "openai") {
    const { baseURL, apiKey, organization = null, project = null, fetch } = access;
    return new OpenAI({ ...options, baseURL, apiKey, organization, project, ...(fetch && { fetch }) });
  }
  const { apiVersion, apiKey, entraToken } = access;
  const endpoint = access.endpoint.replace(/\/+$/, "");
  return new AzureOpenAI({
    ...options,
    organization: null,
    project: null,
    baseURL: isDated(apiVersion) ? `${endpoint}/openai` : `${endpoint}/openai/v1`,
    apiVersion,
    ...(entraToken ? { azureADTokenProvider: async () => entraToken } : { apiKey: apiKey ?? "" }),
  });
}

/** Azure's dated API versions know less than OpenAI's API; `v1` and `preview` know the same. */
export function isDated(apiVersion: string): boolean {
  return /^\d/.test(apiVersion);
}

/** What the client's methods return. */
interface Pending {
  asResponse(): Promise<Response>;
}

/**
 * Sends a request and reads its answer, of which nothing is taken on trust.
 * @throws ProviderProblem, or the signal's reason once it is aborted
 */
export async function ask<T>(
  doing: Doing,
  answer: z.ZodType<T>,
  signal: AbortSignal,
  send: (options: OpenAI.RequestOptions) => Pending,
): Promise<T> {
  signal.throwIfAborted();
  const timeout = TIMEOUT_MS[doing];
  const text = await textOf(send, timeout, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    throw problemOf(error, doing);
  });
  const parsed = answer.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  // Something in between answered: what was asked may have been done all the same.
  throw new ProviderProblem(explainSilence({ raw: text, reached: true }, doing));
}

/** The client's own time limit ends with the answer's head; this one holds for the body too. */
async function textOf(
  send: (options: OpenAI.RequestOptions) => Pending,
  timeout: number,
  signal: AbortSignal,
): Promise<string> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
  const response = await send({ signal: limit, timeout }).asResponse();
  return response.text();
}

function problemOf(error: unknown, doing: Doing): ProviderProblem {
  if (!(error instanceof APIError) || error.status === undefined) {
    const raw = chainOf(error);
    const reached = !UNREACHED.some((code) => raw.includes(code));
    return new ProviderProblem(explainSilence({ raw, reached }, doing));
  }
  const message = messageOf(error);
  return new ProviderProblem(
    explainApiError(
      {
        status: error.status,
        code: textOrNothing(error.code),
        param: textOrNothing(error.param),
        message,
        raw: error.error === undefined ? message : JSON.stringify(error.error),
      },
      doing,
    ),
  );
}

/** In the provider's words. The client puts the status before them. */
function messageOf(error: InstanceType<typeof APIError>): string {
  const { error: body } = error;
  if (typeof body === "object" && body !== null && "message" in body && typeof body.message === "string") {
    return body.message;
  }
  return error.message.replace(/^\d{3} /, "");
}

function textOrNothing(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** What an error and its causes say; their codes, such as ECONNRESET, tell most. */
function chainOf(error: unknown): string {
  const said: string[] = [];
  let at = error;
  while (at instanceof Error && said.length < 5) {
    said.push("code" in at && typeof at.code === "string" ? `${at.message} (${at.code})` : at.message);
    at = at.cause;
  }
  return said.join(": ");
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
