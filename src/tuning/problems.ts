import { z } from "zod";
import { ConfigError } from "../config/problem.ts";
import { GatewayError, messageOf } from "../domain/errors.ts";
import { StoreError } from "../store/store.ts";
import type { JobProblem } from "./job.ts";
import { type Observation, type ProblemKind, ProviderProblem } from "./trainer.ts";
import type { Seen } from "./transitions.ts";

/** Takes secrets out of a text. */
export type Redact = (text: string) => string;

/** Most characters that are kept of what a provider said. */
const RAW = 4_000;

/** An error as a job keeps it, without secrets. */
export function problemOf(error: unknown, redact: Redact): Omit<JobProblem, "state"> {
  const { message, hint, status, code, raw } = fieldsOf(error);
  return {
    message: redact(message),
    hint: hint === undefined ? null : redact(hint),
    status: status ?? null,
    code: code === undefined ? null : redact(code),
    // Cut afterwards: half a secret would not be known as one.
    raw: redact(raw).slice(0, RAW),
  };
}

interface Fields {
  readonly message: string;
  readonly hint?: string | undefined;
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  readonly raw: string;
}

function fieldsOf(error: unknown): Fields {
  if (error instanceof ProviderProblem) return error;
  if (error instanceof GatewayError) return { message: error.message, code: error.code, raw: "" };
  if (error instanceof ConfigurationGap) return { message: error.message, raw: "" };
  if (error instanceof ConfigError)
    return { message: `The configuration does not take the model: ${error.message}`, raw: "" };
  return {
    message: `The gateway could not go on: ${messageOf(error)}`,
    hint: "This is no answer of the provider's. The gateway's log may say more.",
    raw: "",
  };
}

/** An observation without secrets, its problem apart. */
export function redactedSeen({ problem: _, ...seen }: Observation, redact: Redact): Seen {
  return {
    ...seen,
    status: redact(seen.status),
    events: seen.events.map(({ at, message }) => ({ at, message: redact(message) })),
  };
}

/** Codes of a disk that is full, broken or locked: a person sees to it, and nothing is lost. */
const DISK = z.object({ code: z.enum(["ENOSPC", "EDQUOT", "EROFS", "EIO"]) });

/** Can the same succeed later? What nobody knows of stays as it is. */
export function kindOf(error: unknown): ProblemKind {
  if (error instanceof ProviderProblem) return error.kind;
  const passes = (error instanceof StoreError && error.temporary) || DISK.safeParse(error).success;
  return passes ? "temporary" : "final";
}

/**
 * The configuration lacks what a job needs, or can't be read: a person changes it back, however long that takes. What
 * trains at the provider is paid for, so that the job waits.
 */
export class ConfigurationGap extends Error {
  override readonly name = "ConfigurationGap";
}

export function isGap(error: unknown): boolean {
  return error instanceof ConfigurationGap || error instanceof ConfigError;
}
