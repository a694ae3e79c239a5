import type { UsageHour } from "../../src/domain/capture.ts";
import { memberOf, parseJson } from "../../src/domain/json.ts";
import { openStore } from "../../src/store/open.ts";
import { type StoredCapture, scan } from "../../src/store/store.ts";
import { answerText } from "./answers.ts";
import { type Check, equal, none, sum } from "./audit.ts";
import type { Seen } from "./client.ts";
import { type RequestLine, type Samples, sumOf } from "./gateway.ts";
import { questionOf } from "./plan.ts";

/** What the store has when the gateway has ended. */
export interface Kept {
  readonly captures: readonly StoredCapture[];
  readonly usage: readonly UsageHour[];
}

export interface CaptureEvidence extends Kept {
  readonly seed: number;
  readonly seen: readonly Seen[];
  readonly lines: readonly RequestLine[];
  readonly samples: Samples;
}

export async function readCaptures(url: string): Promise<Kept> {
  const store = await openStore(url);
  try {
    const captures: StoredCapture[] = [];
    for await (const capture of scan(store, {})) captures.push(capture);
    return { captures, usage: await store.usage({}) };
  } finally {
    await store.close();
  }
}

/** Is each request in the store once, with what its client and the log know of it, or counted as dropped? */
export function captureChecks({
  seed,
  seen,
  lines,
  samples,
  captures,
  usage,
}: CaptureEvidence): readonly Check[] {
  const metric = "crossover_captures_total";
  const dropped = sumOf(samples, metric, { outcome: "dropped" });
  const byId = new Map(captures.map((capture) => [capture.id, capture]));
  const lineIds = new Set(lines.map((line) => line.request_id));
  const told = seen.flatMap((one) => {
    const capture = one.requestId === undefined ? undefined : byId.get(one.requestId);
    return capture === undefined ? [] : [{ one, capture }];
  });
  const wrong = told.flatMap(({ one, capture }) => contentWrong(seed, one, capture) ?? []);
  const unlike = lines.flatMap((line) => factsWrong(line, byId.get(line.request_id)) ?? []);
  return [
    {
      name: "captures",
      told: `${captures.length} of ${lines.length} requests, ${dropped} dropped`,
      ok: byId.size === captures.length && captures.length + dropped === lines.length,
    },
    equal("captures stored", {
      store: captures.length,
      metric: sumOf(samples, metric, { outcome: "stored" }),
    }),
    none(
      "captures of no request",
      captures.filter(({ id }) => !lineIds.has(id)).map(({ id }) => id),
      "",
    ),
    none("captures and log contradict", unlike, `${captures.length} compared`),
    none("captured texts that nobody sent or got", wrong, `${told.length} compared`),
    equal("requests in the hours of usage", {
      hours: sum(usage.map(({ requests }) => requests)),
      log: lines.length,
    }),
    equal("input tokens in the hours of usage", {
      hours: sum(usage.map(({ inputTokens }) => inputTokens)),
      log: sum(lines.map(({ input_tokens = 0 }) => input_tokens)),
    }),
  ];
}

function factsWrong(line: RequestLine, capture: StoredCapture | undefined): string | undefined {
  if (capture === undefined) return undefined; // dropped, which is counted
  const { status, attempts, inputTokens, outputTokens } = capture;
  const same =
    status === line.status &&
    attempts === line.attempts &&
    inputTokens === line.input_tokens &&
    outputTokens === line.output_tokens;
  return same
    ? undefined
    : `${status} after ${attempts} attempts, log: ${line.status} after ${line.attempts}`;
}

function contentWrong(seed: number, seen: Seen, { content, status }: StoredCapture): string | undefined {
  const { number, stream, outcome } = seen;
  if (content === undefined) return "no texts";
  if (content.query !== questionOf(seed, number)) return "not the client's question";
  const right = answerText(seed, number, stream);
  const error = memberOf(parseJson(content.answer ?? "null"), "error");
  switch (outcome.kind) {
    case "complete":
      return content.answerText === right && error === undefined ? undefined : "not the whole answer";
    case "broken":
      return right.startsWith(content.answerText) && error !== undefined
        ? undefined
        : "not a beginning of the answer with its error";
    case "refused":
      return content.answerText === "" && error !== undefined ? undefined : "not the error";
    case "left":
      // An answer's end and its client's leaving may cross.
      return (status === 200 ? content.answerText === right : right.startsWith(content.answerText))
        ? undefined
        : "not a beginning of the answer of a client that left";
    case "wrong":
      return undefined; // told elsewhere
  }
}
