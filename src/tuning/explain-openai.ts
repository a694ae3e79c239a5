import { cut } from "../domain/cut.ts";
import type { JobError } from "./openai-answers.ts";
import { AGAIN, ERROR_RULES, type ErrorRule } from "./openai-errors.ts";
import type { ProblemFields, ProblemKind } from "./trainer.ts";

/** An error as OpenAI or Azure tells it. */
interface ApiError {
  /** Of HTTP; undefined where a job tells why it failed. */
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly param: string | undefined;
  readonly message: string;
  /** The error's JSON, or the text that came in its place. */
  readonly raw: string;
}

/** What was asked. A job whose creation was not answered may have been created. */
export type Doing = "reading" | "uploading" | "creating" | "cancelling" | "deleting";

/** Characters of a provider's answer that are kept. */
const RAW_CHARS = 4000;

/** Codes with which a job ends for a fault of the provider's own. */
const FAULTS = ["server_error", "internal_error", "internalFailure", "serviceUnavailable"];

/** Explains a provider's error. Nothing of what it returns comes from the request. */
export function explainApiError(error: ApiError, doing: Doing): ProblemFields {
  const fields = { status: error.status, code: error.code, raw: cut(error.raw, RAW_CHARS) };
  if ((error.status ?? 0) >= 500 || error.status === 408) {
    // What stands in between answers with a page for people.
    const words = error.raw.startsWith("{") ? error.message : "";
    return {
      ...fields,
      kind: kindOfSilence(doing),
      message: quoted(`The provider failed with status ${error.status}.`, words),
      hint: AGAIN,
    };
  }
  const rule = ERROR_RULES.find((one) => fits(one, error));
  if (rule === undefined) {
    return {
      ...fields,
      kind: "final",
      message: quoted(`The provider refused with status ${error.status}.`, error.message),
      hint: undefined,
    };
  }
  return {
    ...fields,
    kind: rule.kind,
    message: rule.quote ? quoted(rule.message, error.message) : rule.message,
    hint: rule.hint,
  };
}

/** Explains why a job has failed, which stays so. */
export function explainFailedJob(error: JobError | null | undefined): ProblemFields {
  const code = error?.code ?? undefined;
  const message = error?.message ?? "";
  const fields = {
    status: undefined,
    code,
    raw: cut(JSON.stringify(error ?? null), RAW_CHARS),
    kind: "final" as const,
  };
  if (code !== undefined && FAULTS.includes(code)) {
    return {
      ...fields,
      message: quoted("The training failed for a fault of the provider's own.", message),
      hint: "Start the job again.",
    };
  }
  const told = { status: undefined, code, param: error?.param ?? undefined, message, raw: fields.raw };
  const rule = ERROR_RULES.find((one) => fits(one, told));
  if (rule === undefined) {
    const text =
      message === "" ? "The training failed, and the provider does not say why." : "The training failed.";
    return {
      ...fields,
      message: quoted(text, message),
      hint: "The provider's own page of the job may tell more.",
    };
  }
  // What would pass by itself in a request has ended this job.
  const hint = rule.kind === "final" ? rule.hint : "Start the job again later.";
  return { ...fields, message: quoted(rule.message, message), hint };
}

/** Explains a request that no whole answer came to. */
export function explainSilence(
  what: { readonly raw: string; readonly reached: boolean },
  doing: Doing,
): ProblemFields {
  return {
    kind: what.reached ? kindOfSilence(doing) : "temporary",
    message: what.reached ? "The provider gave no answer." : "The provider can't be reached.",
    hint: `Check the provider's address and the network if it lasts. ${AGAIN}`,
    raw: cut(what.raw, RAW_CHARS),
  };
}

function kindOfSilence(doing: Doing): ProblemKind {
  // A file is looked for before it is uploaded, and cancelling twice does no harm.
  return doing === "creating" ? "unknown" : "temporary";
}

function fits(rule: ErrorRule, { code, status, param, message }: ApiError): boolean {
  return (
    (code !== undefined && rule.codes?.includes(code) === true) ||
    rule.words?.test(`${param ?? ""} ${message}`) === true ||
    (status !== undefined && rule.statuses?.includes(status) === true)
  );
}

function quoted(ours: string, theirs: string): string {
  return theirs === "" ? ours : `${ours} It says: ${cut(theirs, 500)}`;
}
