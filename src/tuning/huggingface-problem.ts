import { z } from "zod";
import { parseJson } from "../domain/json.ts";
import { type ProblemKind, ProviderProblem } from "./trainer.ts";

/** What was asked of Hugging Face, for what is said when it fails. */
export interface Asked {
  /** In words that follow "Hugging Face could not", such as `start the training job`. */
  readonly doing: string;
  /** Must it not be done twice? Then a lost answer is not the same as a refusal. */
  readonly creates?: boolean | undefined;
  /** What a person can do instead, where accounts may lack this service. */
  readonly byHand?: string | undefined;
  readonly token: string;
}

const MOST_RAW = 2_000;

/** Hugging Face answered with an error. */
export function refused(asked: Asked, status: number, body: string): ProviderProblem {
  const raw = withoutToken(body, asked.token).slice(0, MOST_RAW);
  const kind = kindOf(asked, status, raw);
  return new ProviderProblem({
    message: `Hugging Face could not ${asked.doing}: ${said(raw) ?? `it answered ${status}`}`,
    hint: hintOf(asked, status, kind, raw),
    status,
    code: undefined,
    raw,
    kind,
  });
}

/** No answer came, or one that nobody understands. */
export function unanswered(asked: Asked, error: unknown): ProviderProblem {
  const reason = withoutToken(reasonOf(error), asked.token);
  return new ProviderProblem({
    message: `Hugging Face gave no answer when asked to ${asked.doing}: ${reason}`,
    raw: reason,
    kind: asked.creates === true && !neverArrived(error) ? "unknown" : "temporary",
  });
}

/** The token must not be read by whoever reads a problem, wherever it comes from. */
export function withoutToken(text: string, token: string): string {
  return token === "" ? text : text.replaceAll(token, "[token]");
}

function kindOf({ creates, byHand }: Asked, status: number, raw: string): ProblemKind {
  if (status === 429 || status === 503 || status === 408) return "temporary";
  if (status >= 500) return creates === true ? "unknown" : "temporary";
  if (isQuota(raw)) return "final";
  return byHand !== undefined && (status === 402 || status === 403 || status === 404)
    ? "unsupported"
    : "final";
}

function isQuota(raw: string): boolean {
  return /quota|limit (exceeded|reached)/i.test(raw);
}

function hintOf(asked: Asked, status: number, kind: ProblemKind, raw: string): string | undefined {
  if (kind === "temporary" || kind === "unknown") return undefined;
  if (status === 401)
    return "The token was not accepted. Set one that may write, from https://huggingface.co/settings/tokens.";
  if (isQuota(raw))
    return "The account's quota is used up. Delete what is not needed, choose other hardware, or ask Hugging Face for more.";
  if (kind === "unsupported") return asked.byHand;
  if (status === 402) return "Add a payment method or credits at https://huggingface.co/settings/billing.";
  if (status === 403)
    return "The token lacks this permission. Give it write access to the namespace, at https://huggingface.co/settings/tokens.";
  return undefined;
}

const errorBody = z.object({ error: z.unknown(), message: z.unknown() }).partial();

/** The provider's own sentence, from the JSON it sends with errors. */
function said(raw: string): string | undefined {
  const body = errorBody.safeParse(parseJson(raw));
  if (!body.success) return undefined;
  return [body.data.error, body.data.message]
    .find((text) => typeof text === "string" && text !== "")
    ?.toString();
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? (error.cause ?? error) : error;
}

function reasonOf(error: unknown): string {
  const cause = causeOf(error);
  return cause instanceof Error && cause.message !== "" ? cause.message : String(cause);
}

const code = z.object({ code: z.enum(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"]) });

/** Was the request certainly not received? */
function neverArrived(error: unknown): boolean {
  return code.safeParse(causeOf(error)).success;
}
