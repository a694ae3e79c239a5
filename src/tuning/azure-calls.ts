import {
  type AzureAnswer,
  type AzureError,
  azureErrorOf,
  explainAzureAnswer,
  explainAzureFailure,
} from "./explain-azure.ts";

/** Options that every method of the client takes. */
interface CallOptions {
  readonly abortSignal: AbortSignal;
  readonly onResponse: (response: Response) => void;
}

interface Response {
  readonly status: number;
  readonly bodyAsText?: string | null;
  readonly headers: { get(name: string): string | undefined };
}

/** A long operation that Azure has begun. */
export interface Operation {
  /** The client's own text to look at it again; undefined once there is nothing left to look at. */
  readonly resume: string | undefined;
  /** Why it failed; undefined: it has not, as far as is known. */
  readonly error: AzureError | undefined;
}

/** Calls one of the client's methods. @throws ProviderProblem, and the signal's reason */
export async function call<T>(signal: AbortSignal, send: (options: CallOptions) => Promise<T>): Promise<T> {
  const answers: AzureAnswer[] = [];
  try {
    return await send(optionsOf(signal, answers));
  } catch (error) {
    signal.throwIfAborted();
    throw problemOf(answers.at(-1), error);
  }
}

/**
 * Sends the first request of a long operation; the client then looks once how far it is. Once Azure has accepted it, nothing
 * that goes wrong afterwards is thrown: what comes of it, the deployment's own state tells.
 * @throws ProviderProblem when it was not accepted, and the signal's reason
 */
export async function begin(
  signal: AbortSignal,
  send: (options: CallOptions) => Promise<{ toString(): string }>,
): Promise<Operation> {
  const answers: AzureAnswer[] = [];
  try {
    const poller = await send(optionsOf(signal, answers));
    return { resume: poller.toString(), error: undefined };
  } catch (error) {
    signal.throwIfAborted();
    const [first] = answers;
    const last = answers.at(-1);
    if (first === undefined || !isSuccess(first)) throw problemOf(last, error);
    return { resume: undefined, error: last && isSuccess(last) ? azureErrorOf(last.body) : undefined };
  }
}

function optionsOf(signal: AbortSignal, answers: AzureAnswer[]): CallOptions {
  return {
    abortSignal: signal,
    onResponse: ({ status, bodyAsText, headers }) => {
      answers.push({ status, body: bodyAsText ?? "", retryAfter: headers.get("retry-after") });
    },
  };
}

function problemOf(last: AzureAnswer | undefined, error: unknown): Error {
  return last === undefined || isSuccess(last) ? explainAzureFailure(error) : explainAzureAnswer(last);
}

function isSuccess({ status }: AzureAnswer): boolean {
  return status >= 200 && status < 300;
}
