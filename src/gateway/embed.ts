import { z } from "zod";
import { ownRequest } from "../domain/chat.ts";
import { cut } from "../domain/cut.ts";
import { GatewayError } from "../domain/errors.ts";
import { parseJson } from "../domain/json.ts";
import type { Model } from "../domain/table.ts";
import type { Usage } from "../domain/usage.ts";
import type { AskDeps } from "./ask.ts";
import { type Failure, statusFailure } from "./failure.ts";
import { nextStep } from "./next-step.ts";
import type { Permit } from "./permit.ts";
import type { Payee } from "./reckoning.ts";
import { wholeCall } from "./whole-call.ts";

/** Most characters of a text that is sent: somewhat below the 8,191 tokens that OpenAI's models take. */
const LONGEST = 24_000;

const embeddingList = z.object({
  data: z.array(z.object({ index: z.int().optional(), embedding: z.array(z.number()) })),
  usage: z.object({ prompt_tokens: z.number() }).optional(),
});

type Vectors = readonly (readonly number[])[];

/**
 * Embeddings by OpenAI's format ("Embeddings", API reference): all texts in one call, tried again as chats are.
 * @returns undefined when they could not be had; the log says why
 * @throws the signal's reason once it is aborted
 */
export async function embed(
  deps: AskDeps,
  model: Model,
  texts: readonly string[],
  signal: AbortSignal,
): Promise<Vectors | undefined> {
  const input = texts.map((text) => cut(text, LONGEST));
  const permit = await admitted(deps, model, input, signal);
  if (permit === "refused") return undefined;
  const got = await called(deps, model, input, signal);
  permit?.settle({ variant: got && payeeOf(model), usage: got?.usage, outputTokens: 0 });
  return got?.vectors;
}

/** Reserved as a chat with the same texts would be, which answers with one token. */
async function admitted(
  { admit, table, log }: AskDeps,
  model: Model,
  input: readonly string[],
  signal: AbortSignal,
): Promise<Permit | undefined | "refused"> {
  try {
    const request = ownRequest(input.join("\n"), { max_tokens: 1 });
    return await admit?.({ request, variant: payeeOf(model), table, addedTokens: 0 }, signal);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    log("warn", "embedding failed", { model: model.name, problem: error.message });
    return "refused";
  }
}

interface Got {
  readonly vectors: Vectors;
  readonly usage: Usage | undefined;
}

async function called(
  { transport, table, random, log }: AskDeps,
  model: Model,
  input: readonly string[],
  signal: AbortSignal,
): Promise<Got | undefined> {
  const { target, endpoints, timeouts } = model;
  if (endpoints.embeddings === undefined) return undefined;
  const call = {
    transport: target.transport ?? transport,
    endpoint: endpoints.embeddings,
    body: JSON.stringify({ model: target.model, input, encoding_format: "float" }),
    timeoutMs: timeouts.total,
    maxBytes: table.server.maxResponseBytes,
  };
  const beganAt = performance.now();
  for (let retries = 0; ; retries++) {
    const response = await wholeCall(call, signal);
    if ("text" in response && response.status === 200) {
      const got = read(response.text, input.length);
      if (got === undefined) log("warn", "embedding failed", { model: model.name, problem: "no embeddings" });
      return got;
    }
    const failure =
      "text" in response
        ? statusFailure(response.status, response.headers, response.text, target.secrets)
        : response;
    const step = nextStep(failure, table.retries, {
      last: true,
      retries,
      elapsedMs: performance.now() - beganAt,
      random: random(),
      wallClock: Date.now(),
    });
    if (step.kind === "next") {
      log("warn", "embedding failed", { model: model.name, problem: problemOf(failure) });
      return undefined;
    }
    await pause(step.afterMs, signal);
  }
}

function read(text: string, count: number): Got | undefined {
  const parsed = embeddingList.safeParse(parseJson(text));
  if (!parsed.success || parsed.data.data.length !== count) return undefined;
  const { data, usage } = parsed.data;
  const inOrder = data
    .map(({ index, embedding }, place) => ({ index: index ?? place, embedding }))
    .toSorted((a, b) => a.index - b.index);
  return {
    vectors: inOrder.map(({ embedding }) => embedding),
    usage: usage && { input: usage.prompt_tokens, cachedInput: 0, output: 0 },
  };
}

function problemOf({ kind, answer }: Failure): string {
  return `${kind}: ${answer instanceof GatewayError ? answer.message : cut(answer.body, 200)}`;
}

/** @throws the signal's reason once it is aborted */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  AbortSignal.any([signal]).addEventListener("abort", () => resolve());
  await promise;
  clearTimeout(timer);
  signal.throwIfAborted();
}

/** What limits are reckoned by. */
function payeeOf(model: Model): Payee {
  return { name: model.name, model, params: {} };
}
