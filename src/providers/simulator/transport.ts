import type { z } from "zod";
import { unitOf } from "../../domain/hash.ts";
import type { Flow, Receiver, Transport } from "../../domain/transport.ts";
import type { simulatorSettings } from "../simulator.ts";
import { answer, lastQuery, type SimulatedRequest, simulatedRequest } from "./answer.ts";
import { type Classifier, classify } from "./classifier.ts";
import { embeddingsJson } from "./embeddings.ts";
import { answerByExamples } from "./nearest.ts";
import type { TunedModels } from "./tuned-models.ts";
import { completionEvents, completionJson, errorJson } from "./wire.ts";

type Settings = z.infer<typeof simulatorSettings>;
type Fault = "error" | "rate-limit" | "cut" | "stall";

/** One thing that the simulated upstream does, after a wait. */
interface Act {
  readonly waitMs: number;
  /** @returns false when the receiver asks for a pause */
  readonly run: (receiver: Receiver) => boolean | undefined;
}

/** What tells a call for embeddings from a chat. */
export const EMBEDDINGS_URL = "simulator:embeddings";

const MARK = { "x-simulated": "true" } as const;

/** A transport that plays an upstream by itself. */
export function simulatorTransport(settings: Settings, models: TunedModels): Transport {
  return {
    send: ({ url }, body, receiver) => {
      if (url === EMBEDDINGS_URL) return play(embeddingActs(body), receiver);
      const parsed = simulatedRequest.safeParse(JSON.parse(body));
      const tuned = parsed.success ? models.find(parsed.data.model) : undefined;
      return tuned instanceof Promise
        ? playOnce(
            tuned.then((model) => script(body, parsed, settings, model)),
            receiver,
          )
        : play(script(body, parsed, settings, tuned), receiver);
    },
  };
}

function embeddingActs(body: string): readonly Act[] {
  const embeddings = embeddingsJson(JSON.parse(body));
  return embeddings === undefined
    ? jsonActs(
        0,
        400,
        errorJson("Invalid value for 'input'", "invalid_request_error", "invalid_value", "input"),
      )
    : jsonActs(0, 200, embeddings);
}

function script(
  body: string,
  parsed: z.ZodSafeParseResult<SimulatedRequest>,
  settings: Settings,
  tuned: Classifier | undefined,
): readonly Act[] {
  const { firstTokenMs = 0, perTokenMs = 0 } = settings.latency ?? {};
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const param = issue?.path.map(String).join(".") ?? null;
    return jsonActs(
      firstTokenMs,
      400,
      errorJson(
        `Invalid value for '${param}': ${issue?.message ?? "invalid"}`,
        "invalid_request_error",
        "invalid_value",
        param,
      ),
    );
  }
  const fault = faultFor(body, settings);
  switch (fault) {
    case "error":
      return jsonActs(firstTokenMs, 500, errorJson("The server had an error.", "server_error", null));
    case "rate-limit":
      return jsonActs(
        firstTokenMs,
        429,
        errorJson("Rate limit reached.", "requests", "rate_limit_exceeded"),
        { "retry-after": "1" },
      );
    case "stall":
      return [];
    case "cut":
    case undefined:
      break;
  }
  const text =
    tuned === undefined ? answerByExamples(parsed.data) : classify(tuned, lastQuery(parsed.data.messages));
  const made = answer(parsed.data, settings.seed ?? 0, text);
  if (parsed.data.stream !== true) {
    const waitMs = firstTokenMs + perTokenMs * made.usage.completion_tokens;
    return fault === "cut"
      ? [...jsonActs(waitMs, 200, '{"id":"').slice(0, 2), cutAct]
      : jsonActs(waitMs, 200, completionJson(made));
  }
  const events = completionEvents(made, parsed.data.stream_options?.include_usage === true);
  const sent = fault === "cut" ? events.slice(0, Math.ceil(events.length / 2)) : events;
  return [
    headAct(firstTokenMs, 200, { "content-type": "text/event-stream; charset=utf-8" }),
    ...sent.map(
      (event, index): Act => ({
        waitMs: index === 0 ? 0 : perTokenMs,
        run: (receiver) => receiver.data(Buffer.from(event)),
      }),
    ),
    fault === "cut" ? cutAct : endAct,
  ];
}

function faultFor(body: string, { faults, seed = 0 }: Settings): Fault | undefined {
  if (faults === undefined || unitOf(`${seed}\nfault\n${body}`) >= faults.rate) return undefined;
  const kinds = faults.kinds ?? ["error"];
  return kinds[Math.floor(unitOf(`${seed}\nkind\n${body}`) * kinds.length)];
}

const endAct: Act = { waitMs: 0, run: (receiver) => void receiver.end() };
const cutAct: Act = { waitMs: 0, run: (receiver) => void receiver.fail("interrupted") };

function headAct(waitMs: number, status: number, headers: Readonly<Record<string, string>>): Act {
  return { waitMs, run: (receiver) => void receiver.head(status, { ...MARK, ...headers }) };
}

function jsonActs(
  waitMs: number,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): readonly Act[] {
  return [
    headAct(waitMs, status, { "content-type": "application/json", ...headers }),
    { waitMs: 0, run: (receiver) => receiver.data(Buffer.from(body)) },
    endAct,
  ];
}

/** Plays acts one after another, waiting when the receiver is slow, until the end or an abort. */
function play(acts: readonly Act[], receiver: Receiver): Flow {
  let next = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  const run = (): void => {
    for (;;) {
      const act = acts[next];
      if (stopped || act === undefined) return;
      next++;
      const flowing = act.run(receiver) !== false;
      if (!flowing) return;
      const waitMs = acts[next]?.waitMs ?? 0;
      if (waitMs > 0) {
        timer = setTimeout(run, waitMs);
        return;
      }
    }
  };
  timer = setTimeout(run, acts[0]?.waitMs ?? 0);
  return {
    resume: () => {
      clearTimeout(timer);
      timer = setTimeout(run, acts[next]?.waitMs ?? 0);
    },
    abort: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** Plays acts that are not known yet. */
function playOnce(acts: Promise<readonly Act[]>, receiver: Receiver): Flow {
  let flow: Flow | undefined;
  let stopped = false;
  acts.then(
    (known) => {
      if (!stopped) flow = play(known, receiver);
    },
    () => {
      if (!stopped) receiver.fail("unreachable");
    },
  );
  return {
    resume: () => flow?.resume(),
    abort: () => {
      stopped = true;
      flow?.abort();
    },
  };
}
