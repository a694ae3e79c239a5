import { Dice } from "./dice.ts";

/** What a client does with one request. Follows from the run's seed and the request's number alone. */
export interface Plan {
  /** From 1. The upstream finds it in the question and sends it back as the number of input tokens. */
  readonly number: number;
  readonly stream: boolean;
  readonly wantsUsage: boolean;
  readonly route: string;
  readonly leave: Leave | undefined;
  /** The request's body. */
  readonly body: string;
}

/** When a client leaves: some milliseconds after its request is out, or once it has so many bytes of the answer. */
export type Leave = { readonly afterMs: number } | { readonly afterBytes: number };

/** Shares of the requests whose client leaves before the first byte, and in the middle of the answer. */
const LEAVES_EARLY = 0.05;
const LEAVES_LATE = 0.1;

/** Routes of the configuration in gateway.ts. */
const ROUTES = ["tiers", "moving", "tuned-only"] as const;

const CLIENTS_SYSTEM = "You are a helpful assistant.";

export function planOf(seed: number, number: number, stream: boolean): Plan {
  const dice = new Dice(seed, number);
  const wantsUsage = dice.chance("usage", 0.5);
  const route = dice.pick("route", ROUTES);
  const messages = [
    ...(dice.chance("system", 0.5) ? [{ role: "system", content: CLIENTS_SYSTEM }] : []),
    { role: "user", content: questionOf(seed, number) },
  ];
  const body = JSON.stringify({
    model: route,
    messages,
    user: `user-${dice.between("user", 1, 1000)}`,
    metadata: { tier: dice.pick("tier", ["vip", "free", "free"]) },
    ...(stream ? { stream, ...(wantsUsage ? { stream_options: { include_usage: true } } : {}) } : {}),
  });
  return { number, stream, wantsUsage, route, leave: leaveOf(dice), body };
}

function leaveOf(dice: Dice): Leave | undefined {
  if (dice.chance("early", LEAVES_EARLY)) return { afterMs: dice.between("early ms", 0, 200) };
  return dice.chance("late", LEAVES_LATE) ? { afterBytes: dice.between("late bytes", 1, 8000) } : undefined;
}

export function questionOf(seed: number, number: number): string {
  return `Question ${number}: ${new Dice(seed, number).between("question", 0, 1e9)}?`;
}

/** @returns the number in a question, however it is wrapped; undefined when there is none */
export function numberIn(text: string): number | undefined {
  const digits = /\bQuestion (\d+): /.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** How a call to the upstream goes wrong. */
export type Fault =
  | { readonly kind: "status"; readonly status: number }
  /** The connection is reset before the answer begins. */
  | { readonly kind: "hang-up" }
  /** An error under a 200, before any content. */
  | { readonly kind: "error-first" }
  /** Of a stream: an error event after this share of the content. */
  | { readonly kind: "error-event"; readonly at: number }
  /** The connection is reset, or closed in good form, after this share of the content's bytes. */
  | { readonly kind: "reset"; readonly at: number }
  | { readonly kind: "close"; readonly at: number };

export type FaultKind = Fault["kind"];

/** Share of the calls that go wrong: far from what would open a circuit breaker. */
const FAULTY = 0.05;

const KINDS: readonly FaultKind[] = ["status", "hang-up", "error-first", "error-event", "reset", "close"];

/** @param call how many calls for this request came before, as retries and fallbacks make more of them */
export function faultOf(seed: number, number: number, call: number): Fault | undefined {
  const dice = new Dice(seed, number, "call", call);
  if (!dice.chance("faulty", FAULTY)) return undefined;
  const kind = dice.pick("kind", KINDS);
  switch (kind) {
    case "status":
      return { kind, status: dice.pick("status", [500, 502, 503, 529]) };
    case "hang-up":
    case "error-first":
      return { kind };
    case "error-event":
    case "reset":
    case "close":
      return { kind, at: dice.unit("at") };
  }
}
