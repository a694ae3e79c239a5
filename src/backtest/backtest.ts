import { parseJson } from "../domain/json.ts";
import { known } from "../domain/made.ts";
import { percentOf } from "../domain/rollout.ts";
import type { Table } from "../domain/table.ts";
import type { CaptureFilter, Store, StoredCapture } from "../store/store.ts";
import type { BacktestDocument } from "./document.ts";
import { InputCounter } from "./input-tokens.ts";
import { Recipes } from "./odds.ts";
import { type Parse, replayIn, requestOf } from "./past-request.ts";
import type { Reward } from "./reward.ts";
import { RouteBacktest } from "./route-backtest.ts";
import { type KeptRule, type RuleSet, ruleSet, ruleSetOf, verdictsBy } from "./rule-set.ts";
import { standingsOf } from "./standings.ts";

export interface BacktestOptions {
  /** The configuration in force, and the one that may come. */
  readonly current: Table;
  readonly next: Table;
  readonly filter: CaptureFilter & { readonly from: number; readonly to: number };
  readonly reward: Reward;
  /** Most captures that are read; the newest ones are. */
  readonly limit: number;
  readonly parse: Parse;
}

type ReadStore = Pick<Store, "page" | "count" | "ruleSet" | "newestRuns">;

/** Of captures with their texts, which may be long. */
const PAGE = 100;

/** Of conditions that may not have been there yet. */
const NONE_KNOWN: ReadonlyMap<string, boolean> = new Map();

/** What another configuration would do with captured traffic. @throws StoreError */
export async function backtest(store: ReadStore, options: BacktestOptions): Promise<BacktestDocument> {
  const { current, next, filter, limit } = options;
  const rollouts = standingsOf(await store.newestRuns());
  const deps = { counter: new InputCounter(), reward: options.reward, recipes: new Recipes(current) };
  const routes = new Map<string, RouteBacktest>();
  const rules = new PastRules(store, current);
  let captures = 0;
  for await (const capture of newestFirst(store, filter, limit)) {
    captures++;
    deps.recipes.learn(capture);
    const route = known(routes, capture.route, (name) => new RouteBacktest(name, deps));
    route.seen(capture);
    const request = requestOf(capture, current.routes.get(capture.route), options.parse);
    if (typeof request === "string") {
      route.leaveOut(request);
      continue;
    }
    const then = await rules.of(capture);
    const isKnown = capture.tableVersion !== undefined;
    const past = { capture, request, verdicts: isKnown ? verdictsBy(then, capture.rule) : NONE_KNOWN };
    await route.compare(past, then, {
      current: replayIn(current, past, rollouts),
      next: replayIn(next, past, rollouts),
    });
  }
  const documents = [...routes.values()].map((route) => route.document());
  return {
    object: "crossover.backtest",
    from: new Date(filter.from).toISOString(),
    to: new Date(filter.to).toISOString(),
    current: current.version,
    new: next.version,
    captures,
    complete: (await store.count(filter)) <= captures,
    rollouts: [...rollouts].flatMap(([name, { share }]) =>
      current.rollouts.has(name) || next.rollouts.has(name) ? [{ name, percent: percentOf(share) }] : [],
    ),
    routes: documents.sort((a, b) => b.captured - a.captured),
  };
}

/** The rules by which captures were decided, each version read once. */
class PastRules {
  readonly #store: Pick<Store, "ruleSet">;
  readonly #current: Table;
  readonly #known = new Map<string, RuleSet | undefined>();

  constructor(store: Pick<Store, "ruleSet">, current: Table) {
    this.#store = store;
    this.#current = current;
    this.#known.set(current.version, ruleSetOf(current));
  }

  /** @returns empty where they are not known. For captures from before versions were kept those in force stand in */
  async of({ route, tableVersion = this.#current.version }: StoredCapture): Promise<readonly KeptRule[]> {
    if (!this.#known.has(tableVersion)) this.#known.set(tableVersion, await this.#read(tableVersion));
    return this.#known.get(tableVersion)?.routes[route] ?? [];
  }

  async #read(version: string): Promise<RuleSet | undefined> {
    const stored = await this.#store.ruleSet(version);
    return stored && ruleSet.safeParse(parseJson(stored.document)).data;
  }
}

async function* newestFirst(
  store: Pick<Store, "page">,
  filter: CaptureFilter,
  limit: number,
): AsyncGenerator<StoredCapture> {
  let cursor: string | undefined;
  let left = limit;
  do {
    const page = await store.page(filter, { limit: Math.min(PAGE, left), order: "newest", cursor });
    yield* page.captures;
    left -= page.captures.length;
    cursor = page.next;
  } while (cursor !== undefined && left > 0);
}
