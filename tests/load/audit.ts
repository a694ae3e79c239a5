import { usageOf } from "./answers.ts";
import type { Seen } from "./client.ts";
import { type RequestLine, type Samples, sumOf } from "./gateway.ts";
import type { Call } from "./ledger.ts";
import { contradiction, isFault, type Match, matchAll } from "./match.ts";

/** One line of the closing table. */
export interface Check {
  readonly name: string;
  readonly told: string;
  readonly ok: boolean;
}

/** What each side knows when all is over. The gateway has served nobody else. */
export interface Evidence {
  readonly seen: readonly Seen[];
  readonly calls: readonly Call[];
  readonly lines: readonly RequestLine[];
  readonly samples: Samples;
  /** The longest that gateway and upstream took to answer a question, in milliseconds: how busy the machine was. */
  readonly slowestMs: number;
}

/** How long a call may go on after its client left, in milliseconds, where the machine has time for it. */
const LEAVING_MS = 5000;

/** Compares what clients, log, metrics and upstream know. */
export function audit({ seen, calls, lines, samples, slowestMs }: Evidence): readonly Check[] {
  const { matches, rest } = matchAll(seen, lines, calls);
  const wrong = seen.flatMap(({ outcome }) => (outcome.kind === "wrong" ? [outcome.why] : []));
  const misshapen = calls.flatMap(({ wrong: one }) => one ?? []);
  const contradictions = matches.flatMap((match) => contradiction(match, LEAVING_MS + slowestMs) ?? []);
  return [
    none("wrong answers", wrong, `${seen.length} requests`),
    none("wrong requests to the upstream", misshapen, `${calls.length} calls`),
    none("client, log and upstream contradict", contradictions, `${matches.length - rest.length} compared`),
    none(
      "calls still open",
      calls.filter(({ end }) => end === "open").map(({ number }) => `request ${number}`),
      "",
    ),
    equal("one line in the log for each request", {
      requests: seen.length,
      lines: lines.length,
      ids: new Set(lines.map(({ request_id }) => request_id)).size,
    }),
    ...earlyLeavers(matches, rest),
    ...statuses(matches, lines, rest, samples),
    ...attempts(calls, lines, samples),
    ...tokens(lines, samples),
    equal("requests under way at the end", { gauge: sumOf(samples, "crossover_inflight_requests"), none: 0 }),
  ];
}

/**
 * Lines of clients that left before they had an id. A line of an answer that crossed tells its number by its tokens;
 * for the others the upstream's ledger bounds how many may have crossed.
 */
function earlyLeavers(matches: readonly Match[], rest: readonly RequestLine[]): readonly Check[] {
  const early = matches.filter(({ seen }) => seen.outcome.kind === "left" && seen.requestId === undefined);
  const endOf = new Map(early.map(({ seen, calls }) => [seen.number, calls.at(-1)?.end]));
  const ends = [...endOf.values()];
  const crossed = rest.filter(({ status }) => status === 200);
  const failed = rest.filter(({ status }) => status !== 200 && status !== 499);
  const noticed = ends.filter((end) => end === undefined || end === "aborted").length;
  const closed = rest.length - crossed.length - failed.length;
  return [
    equal("clients that left before the answer's head", { clients: early.length, lines: rest.length }),
    {
      name: "of these, the answer's end crossed",
      told: `${crossed.length} whole, ${failed.length} failed, ${closed} noticed`,
      ok:
        closed >= noticed &&
        failed.length <= ends.filter(isFault).length &&
        crossed.every(({ input_tokens: number = 0, output_tokens }) =>
          endOf.get(number) === "complete" ? output_tokens === usageOf(number).completion_tokens : false,
        ),
    },
  ];
}

/** Each status as clients saw it, in the log and in the metrics. */
function statuses(
  matches: readonly Match[],
  lines: readonly RequestLine[],
  rest: readonly RequestLine[],
  samples: Samples,
): readonly Check[] {
  const seen = [...matches.flatMap((match) => statusSeen(match) ?? []), ...rest.map(({ status }) => status)];
  const all = new Set([...seen, ...lines.map(({ status }) => status)]);
  const requests = "crossover_requests_total";
  return [
    ...[...all]
      .sort((a, b) => a - b)
      .map((status) =>
        equal(`status ${status}`, {
          clients: seen.filter((one) => one === status).length,
          log: lines.filter((line) => line.status === status).length,
          metric: sumOf(samples, requests, { status }),
        }),
      ),
    equal("all statuses", { clients: matches.length, log: lines.length, metric: sumOf(samples, requests) }),
  ];
}

/** @returns undefined for a client that has no id, whose line is among those left over */
function statusSeen({ seen: { outcome, requestId }, line }: Match): number | undefined {
  switch (outcome.kind) {
    case "complete":
      return 200;
    case "broken":
      return 502;
    case "refused":
      return outcome.status;
    case "left":
      return requestId === undefined ? undefined : line?.status;
    case "wrong":
      return undefined;
  }
}

function attempts(calls: readonly Call[], lines: readonly RequestLine[], samples: Samples): readonly Check[] {
  const logged = sum(lines.map((line) => line.attempts));
  const leftFirst = logged - calls.length;
  const left = lines.filter(({ status }) => status === 499).length;
  const metric = "crossover_upstream_attempts_total";
  return [
    equal("attempts", { log: logged, metric: sumOf(samples, metric) }),
    {
      name: "attempts that came to the upstream",
      told: `${calls.length} calls, ${leftFirst} whose client left before the call was out`,
      ok: leftFirst >= 0 && leftFirst <= left,
    },
    equal("attempts that succeeded", {
      log: lines.filter(({ status }) => status === 200).length,
      metric: sumOf(samples, metric, { outcome: "success" }),
    }),
  ];
}

function tokens(lines: readonly RequestLine[], samples: Samples): readonly Check[] {
  const metric = "crossover_tokens_total";
  // Which request's they are is checked line by line.
  return [
    equal("input tokens", {
      answers: sum(lines.map(({ input_tokens = 0 }) => input_tokens)),
      metric: sumOf(samples, metric, { type: "input" }),
    }),
    equal("output tokens", {
      answers: sum(lines.map(({ output_tokens = 0 }) => output_tokens)),
      metric: sumOf(samples, metric, { type: "output" }),
    }),
  ];
}

/** A check that numbers from several sources are the same. */
export function equal(name: string, numbers: Readonly<Record<string, number>>): Check {
  const told = Object.entries(numbers).map(([source, value]) => `${source} ${value}`);
  return { name, told: told.join(", "), ok: new Set(Object.values(numbers)).size === 1 };
}

/** A check that there is nothing of a kind; what there is comes with a few examples. */
export function none(name: string, found: readonly string[], among: string): Check {
  const kinds = [...Map.groupBy(found, (one) => one)].map(([one, { length }]) => `${length} x ${one}`);
  const told = found.length === 0 ? "none" : kinds.slice(0, 5).join("; ");
  return { name, told: among === "" ? told : `${told}, ${among}`, ok: found.length === 0 };
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
