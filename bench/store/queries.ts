import type { CaptureFilter, PageRequest } from "../../src/store/store.ts";
import type { ThreadedStore } from "../../src/threads/threaded-store.ts";
import { quantile } from "../statistics.ts";
import { BEGAN_AT, DAYS, Dice, ENDED_AT, idOf, orderOf, userOf } from "./traffic.ts";

export interface QueryFigures {
  readonly name: string;
  readonly medianMs: number;
  readonly p95Ms: number;
  /** What the last run found. */
  readonly found: string;
}

interface Query {
  readonly name: string;
  /** @returns what it found, in words */
  run(dice: Dice): Promise<string>;
}

const RUNS = 20;
const DAY_MS = 86_400_000;
/** What the admin API gives where nobody asks for more. */
const PAGE: PageRequest = { limit: 50, order: "newest" };

/** Each query twenty times, with other values each time where it has any. */
export async function measureQueries(
  store: ThreadedStore,
  captures: number,
): Promise<readonly QueryFigures[]> {
  const deep = await cursorInTheMiddle(store);
  const figures: QueryFigures[] = [];
  for (const query of queriesOf(store, captures, deep)) {
    process.stderr.write(`query: ${query.name}\n`);
    figures.push(await measure(query));
  }
  return figures;
}

async function measure({ name, run }: Query): Promise<QueryFigures> {
  const times: number[] = [];
  let found = "";
  for (let turn = 0; turn < RUNS; turn++) {
    const beganAt = performance.now();
    found = await run(new Dice(turn));
    times.push(performance.now() - beganAt);
  }
  return { name, medianMs: quantile(times, 0.5), p95Ms: quantile(times, 0.95), found };
}

function queriesOf(store: ThreadedStore, captures: number, deep: string | undefined): readonly Query[] {
  const page = (
    name: string,
    filterOf: (dice: Dice) => CaptureFilter,
    more: Partial<PageRequest> = {},
  ): Query => ({
    name: `page: ${name}`,
    run: async (dice) => {
      const found = await store.page(filterOf(dice), { ...PAGE, ...more });
      return `${found.captures.length} captures${found.next === undefined ? "" : " and more"}`;
    },
  });
  const count = (name: string, filter: CaptureFilter): Query => ({
    name: `count: ${name}`,
    run: async () => (await store.count(filter)).toLocaleString("en"),
  });
  return [
    page("the newest", () => ({})),
    page("the newest 1,000", () => ({}), { limit: 1_000 }),
    page("the oldest", () => ({}), { order: "oldest" }),
    page("from the middle on, by cursor", () => ({}), { cursor: deep }),
    page("of a route", () => ({ route: "support" })),
    page("of a route with one in a thousand requests", () => ({ route: "rare" })),
    page("of a route that is not there", () => ({ route: "none" })),
    page("of a variant", () => ({ variant: "support-tuned" })),
    page("of a route and a variant of another", () => ({ route: "support", variant: "rare-tuned" })),
    page("of an outcome", () => ({ outcome: "timeout" })),
    page("of an outcome that is not there", () => ({ outcome: "interrupted" })),
    page("of a key", (dice) => ({ key: `app-${dice.below(20)}` })),
    page("of a user", (dice) => ({ user: userOf(dice.below(50_000)) })),
    page("of an hour", (dice) => hourOf(dice)),
    page("of a prompt's version, the newest", () => ({ promptVersion: "v5" })),
    page("of a prompt's version, the oldest", () => ({ promptVersion: "v0" })),
    page("of a prompt's version that is not there", () => ({ promptVersion: "none" })),
    page("of a status", () => ({ status: 504 })),
    page("of a status that is not there", () => ({ status: 418 })),
    page("of a model", () => ({ model: "gpt-4.1-mini" })),
    page("of a model that is not there", () => ({ model: "none" })),
    page("with good thumbs", () => ({ feedback: { name: "thumbs", equals: true } })),
    page("with a score of 4 at least", () => ({ feedback: { name: "score", atLeast: 4 } })),
    page("of a key, a variant and a day", (dice) => ({
      ...dayOf(dice),
      key: "app-7",
      variant: "support-tuned",
    })),
    page("search for a word of most captures", () => ({ search: "card" })),
    page("search for two such words", () => ({ search: "card transfer" })),
    page("search for a word of one capture", (dice) => ({ search: orderOf(dice.below(captures)) })),
    page("search for a beginning", () => ({ search: "transf*" })),
    page("search for a word of no capture", () => ({ search: "zyzzyva" })),
    page("search for a frequent word in a rare route", () => ({ search: "card", route: "rare" })),
    page("search for a frequent word of a user", (dice) => ({
      search: "card",
      user: userOf(dice.below(50_000)),
    })),
    page("search for a frequent word of a day", (dice) => ({ search: "card", ...dayOf(dice) })),
    count("all", {}),
    count("of a route", { route: "support" }),
    count("of a status", { status: 504 }),
    count("of a frequent word", { search: "card" }),
    {
      name: "find by id",
      run: async (dice) =>
        (await store.find(idOf(dice.below(captures)))) === undefined ? "nothing" : "1 capture",
    },
    {
      name: "usage of 90 days",
      run: async () =>
        `${(await store.usage({ from: BEGAN_AT, to: ENDED_AT })).length.toLocaleString("en")} hours`,
    },
    {
      name: "sums of feedback, all",
      run: async () => `${(await store.feedbackSummary({})).length} sums`,
    },
    {
      name: "sums of feedback of a route",
      run: async () => `${(await store.feedbackSummary({ route: "support" })).length} sums`,
    },
    { name: "size", run: async () => `${(await store.size()).captures.toLocaleString("en")} captures` },
  ];
}

function hourOf(dice: Dice): CaptureFilter {
  const from = BEGAN_AT + dice.below(DAYS * 24) * 3_600_000;
  return { from, to: from + 3_600_000 };
}

function dayOf(dice: Dice): CaptureFilter {
  const from = BEGAN_AT + dice.below(DAYS) * DAY_MS;
  return { from, to: from + DAY_MS };
}

/** Where a page in the middle ended. */
async function cursorInTheMiddle(store: ThreadedStore): Promise<string | undefined> {
  const filter = { to: BEGAN_AT + (DAYS / 2) * DAY_MS };
  return (await store.page(filter, PAGE)).next;
}
