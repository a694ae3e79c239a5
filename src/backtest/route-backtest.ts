import type { ChatRequest } from "../domain/chat.ts";
import { GatewayError } from "../domain/errors.ts";
import type { Variant } from "../domain/table.ts";
import type { Replayed } from "../routing/replay.ts";
import type { StoredCapture } from "../store/store.ts";
import { actionBy } from "./action.ts";
import { type Amount, Bill, toldUsage } from "./bill.ts";
import type { RouteDocument } from "./document.ts";
import type { InputCounter } from "./input-tokens.ts";
import { Moves, type Way } from "./moves.ts";
import { notesOn } from "./notes.ts";
import { type Recipes, targetOdds } from "./odds.ts";
import type { PastRequest } from "./past-request.ts";
import { Quality } from "./quality.ts";
import type { Reward } from "./reward.ts";
import type { KeptRule } from "./rule-set.ts";

type Decided = Extract<Replayed, { kind: "decided" }>;
type Untold = Extract<Replayed, { kind: "untold" }>;

/** What the two configurations do with a request; undefined where they refuse it. */
export interface Compared {
  readonly current: Replayed | undefined;
  readonly next: Replayed | undefined;
}

/** One route's part of a backtest. */
export class RouteBacktest {
  readonly #route: string;
  readonly #counter: InputCounter;
  readonly #recipes: Recipes;
  readonly #moves = new Moves();
  readonly #bill = new Bill();
  readonly #quality: Quality;
  readonly #leftOut = new Map<string, number>();
  readonly #untold = new Map<string, RouteDocument["untold"][number]>();
  #captured = 0;
  #compared = 0;
  #byChance = 0;
  #simulated = 0;
  readonly #logged = { requests: 0, priced: 0, usd: 0 };

  constructor(
    route: string,
    deps: { readonly counter: InputCounter; readonly reward: Reward; readonly recipes: Recipes },
  ) {
    this.#route = route;
    this.#counter = deps.counter;
    this.#recipes = deps.recipes;
    this.#quality = new Quality(deps.reward, deps.recipes);
  }

  /** Every capture, before anything else is done with it. */
  seen(capture: StoredCapture): void {
    this.#captured++;
    if (capture.simulated) this.#simulated++;
    this.#bill.learn(capture);
  }

  leaveOut(reason: string): void {
    this.#leftOut.set(reason, (this.#leftOut.get(reason) ?? 0) + 1);
  }

  /** @param rules of the route when the request was decided, as far as they are known */
  async compare(past: PastRequest, rules: readonly KeptRule[], { current, next }: Compared): Promise<void> {
    if (current?.kind === "untold") return this.#cannotTell("current", current);
    if (next?.kind === "untold") return this.#cannotTell("new", next);
    const { capture } = past;
    this.#compared++;
    if (isByChance(current) || isByChance(next)) this.#byChance++;
    this.#log(capture);
    const from = current === undefined ? this.#loggedSide(capture) : sideOf(current);
    await this.#move(past, from, next && sideOf(next));
    if (next === undefined) return this.#quality.leaveOut("refused");
    this.#quality.add(capture, rules, targetOdds(next.arms), next.rule.name);
  }

  /** Of a route that is new in the configuration in force, or not for the client's key. */
  #loggedSide(capture: StoredCapture): Side {
    const { rule, decided } = capture;
    return { rule, action: this.#recipes.actionOf(decided, capture), variant: undefined };
  }

  #cannotTell(configuration: "current" | "new", { rule, values }: Untold): void {
    const name = JSON.stringify([configuration, rule.name]);
    const entry = this.#untold.get(name) ?? {
      configuration,
      rule: rule.name,
      values: [...values],
      requests: 0,
    };
    this.#untold.set(name, { ...entry, requests: entry.requests + 1 });
  }

  #log({ costUsd, cached }: StoredCapture): void {
    this.#logged.requests++;
    if (costUsd === undefined && !cached) return;
    this.#logged.priced++;
    this.#logged.usd += costUsd ?? 0;
  }

  async #move({ capture, request }: PastRequest, from: Side, to: Side | undefined): Promise<void> {
    if (from.action === to?.action) return;
    this.#moves.add(capture, from, to);
    // Of an answer from the cache, or of none, nobody is paid.
    if (capture.cached || capture.outcome !== "success") return;
    const before = await this.#amountOf(capture, request, from.variant);
    const after = to && (await this.#amountOf(capture, request, to.variant));
    if (before !== undefined && (to === undefined || after !== undefined)) this.#bill.add(before, after);
  }

  /** @returns undefined where it can't be told */
  async #amountOf(
    capture: StoredCapture,
    request: ChatRequest,
    variant: Variant | undefined,
  ): Promise<Amount | undefined> {
    if (variant === undefined) return undefined;
    const told = toldUsage(capture, variant);
    if (told !== undefined) return { kind: "told", variant, usage: told };
    try {
      const input = await this.#counter.count(request, variant);
      return { kind: "counted", variant, input, output: capture.outputTokens ?? 0 };
    } catch (error) {
      if (error instanceof GatewayError) return undefined; // its prompt takes more work than is allowed
      throw error;
    }
  }

  document(): RouteDocument {
    const document = {
      route: this.#route,
      captured: this.#captured,
      compared: this.#compared,
      left_out: Object.fromEntries(this.#leftOut),
      untold: [...this.#untold.values()].sort((a, b) => b.requests - a.requests),
      moved: this.#moves.count,
      by_chance: this.#byChance,
      simulated: this.#simulated,
      moves: this.#moves.document(this.#compared),
      logged: this.#logged,
      bill: this.#bill.document() ?? null,
      quality: this.#quality.document(),
    };
    return { ...document, notes: notesOn(document) };
  }
}

/** Where a request goes, and who answers it. */
interface Side extends Way {
  /** Undefined where the configuration has it no more. */
  readonly variant: Variant | undefined;
}

function sideOf({ rule, choice }: Decided): Side {
  return { rule: rule.name, action: actionBy(choice.variant), variant: choice.variant };
}

function isByChance(decided: Decided | undefined): boolean {
  return decided !== undefined && decided.arms.length > 1 && decided.choice.stickyKey === undefined;
}
