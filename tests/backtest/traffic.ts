import type { backtest } from "../../src/backtest/backtest.ts";
import { ruleSetOf } from "../../src/backtest/rule-set.ts";
import type { Capture } from "../../src/domain/capture.ts";
import type { ChatRequest } from "../../src/domain/chat.ts";
import { seededRandom } from "../../src/domain/statistics.ts";
import type { Table } from "../../src/domain/table.ts";
import { costOf } from "../../src/domain/usage.ts";
import { parseCaptured } from "../../src/gateway/rebuild.ts";
import { decide } from "../../src/routing/decide.ts";
import type { StoredRun } from "../../src/store/rollout-store.ts";
import type { StoredCapture } from "../../src/store/store.ts";
import { small, tableOf } from "../config/tables.ts";
import { factsOf } from "../support/facts.ts";

/** A prompted model, and a tuned one at a fourth of its price. The route `help` has these rules. */
export function helpConfig(
  rules: readonly unknown[],
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return small({
    providers: { up: { kind: "openai", apiKey: "key-of-nobody" } },
    models: {
      base: { provider: "up", model: "gpt-4.1", price: { input: 2, output: 8 } },
      ft: {
        provider: "up",
        model: "ft:gpt-4.1-mini:acme",
        baseModel: "gpt-4.1-mini",
        price: { input: 0.5, output: 2 },
      },
    },
    prompts: { helper: { system: "You are a helper." } },
    variants: {
      prompted: { model: "base", prompt: "helper" },
      tuned: { model: "ft" },
      spare: { model: "ft", params: { temperature: 0 } },
    },
    routes: { help: { rules } },
    ...more,
  });
}

export function helpTable(rules: readonly unknown[], more: Readonly<Record<string, unknown>> = {}): Table {
  return tableOf(helpConfig(rules, more));
}

/** Success by the kind of question: the tuned model is better for easy ones alone. */
export const SUCCESS = {
  easy: { prompted: 0.86, tuned: 0.9 },
  hard: { prompted: 0.78, tuned: 0.6 },
} as const;

export interface World {
  readonly requests: number;
  readonly seed?: number;
  /** Users who ask; 0: requests have none. */
  readonly users?: number;
  readonly headers?: (index: number) => Readonly<Record<string, string>>;
  readonly change?: (capture: StoredCapture, index: number) => StoredCapture;
}

export const START = Date.UTC(2026, 10, 1);

/** Requests as a table decides them, half of them easy, half hard, as captures. */
export function traffic(
  table: Table,
  { requests, seed = 1, users = 0, headers, change }: World,
): StoredCapture[] {
  const random = seededRandom(seed);
  return Array.from({ length: requests }, (_, index) => {
    const kind = random() < 0.5 ? "easy" : "hard";
    const user = users === 0 ? undefined : `user-${Math.floor(random() * users)}`;
    const query = `Question ${index} of the ${kind} kind?`;
    const body = JSON.stringify({
      model: "help",
      messages: [{ role: "user", content: query }],
      metadata: { kind },
      ...(user !== undefined && { user }),
    });
    const capture = served(table, parseCaptured(body), {
      index,
      body,
      query,
      draw: random(),
      luck: random(),
      headers: headers?.(index) ?? {},
    });
    return change?.(capture, index) ?? capture;
  });
}

interface Drawn {
  readonly index: number;
  readonly body: string;
  readonly query: string;
  readonly draw: number;
  readonly luck: number;
  readonly headers: Readonly<Record<string, string>>;
}

function served(
  table: Table,
  request: ChatRequest,
  { index, body, query, draw, luck, headers }: Drawn,
): StoredCapture {
  const at = START + index * 1000;
  const decision = decide(request, table, {
    header: (name) => headers[name],
    key: undefined,
    now: new Date(at),
    random: draw,
    health: {},
    rollouts: new Map(),
    force: undefined,
  });
  const { variant } = decision;
  const kind = request.fields.metadata["kind"] === "easy" ? "easy" : "hard";
  const succeeds = luck < SUCCESS[kind][variant.name === "prompted" ? "prompted" : "tuned"];
  const usage = {
    input: variant.prompt === undefined ? 15 : 25,
    cachedInput: 0,
    output: variant.prompt === undefined ? 40 : 60,
  };
  return {
    ...factsOf(`cx_${index.toString().padStart(8, "0")}`, {
      at,
      route: decision.route,
      rule: decision.rule,
      variant: variant.name,
      decided: variant.name,
      path: decision.path,
      model: variant.model.name,
      provider: variant.model.provider,
      propensity: decision.propensity,
      stickyBy: decision.stickyBy,
      stickyKey: decision.stickyKey,
      rollout: decision.rollout,
      stage: decision.stage,
      share: decision.share,
      tableVersion: table.version,
      user: request.fields.user,
      metadata: request.fields.metadata,
      status: succeeds ? 200 : 500,
      outcome: succeeds ? "success" : "server_error",
      inputTokens: succeeds ? usage.input : undefined,
      cachedInputTokens: succeeds ? 0 : undefined,
      outputTokens: succeeds ? usage.output : undefined,
      addedTokens: variant.prompt === undefined ? 0 : 10,
      costUsd: succeeds && variant.model.price !== undefined ? costOf(usage, variant.model.price) : undefined,
      recipe: variant.recipe.version,
    }),
    content: {
      request: body,
      query,
      answer: undefined,
      answerText: "",
      finishReason: undefined,
      truncated: false,
    } satisfies Capture["content"],
    feedback: [],
  };
}

type ReadStore = Parameters<typeof backtest>[0];

/** What a backtest reads of a store, held in memory. @param tables whose rules were kept */
export function storeOf(
  captures: readonly StoredCapture[],
  {
    runs = [],
    tables = [],
  }: { readonly runs?: readonly StoredRun[]; readonly tables?: readonly Table[] } = {},
): ReadStore {
  const newest = captures.toReversed();
  return {
    page: (_filter, { limit, cursor = "0" }) => {
      const end = Number(cursor) + limit;
      return Promise.resolve({
        captures: newest.slice(Number(cursor), end),
        next: end < newest.length ? String(end) : undefined,
      });
    },
    count: () => Promise.resolve(captures.length),
    newestRuns: () => Promise.resolve(runs),
    ruleSet: (version) => {
      const table = tables.find((one) => one.version === version);
      return Promise.resolve(table && { version, at: START, document: JSON.stringify(ruleSetOf(table)) });
    },
  };
}
