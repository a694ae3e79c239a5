import { parseArgs } from "node:util";
import { backtest as backtestOn } from "../backtest/backtest.ts";
import type { Reward } from "../backtest/reward.ts";
import { INSTANT_RULE, instantOf, startOf } from "../domain/instant.ts";
import { FEEDBACK_NAME, FEEDBACK_NAME_RULE } from "../domain/name.ts";
import type { Table } from "../domain/table.ts";
import { parseCaptured } from "../gateway/rebuild.ts";
import { loadFromDisk } from "../load-from-disk.ts";
import { openStore } from "../store/open.ts";
import { printJson } from "./admin-api.ts";
import { backtestText } from "./backtest-text.ts";
import { UsageError } from "./error-text.ts";
import { type Command, configPathOf } from "./main.ts";
import { numberOf, whole } from "./number-option.ts";
import { storeUrl } from "./store-url.ts";

const DEFAULT_LIMIT = 50_000;

export const backtest: Command = {
  help: `Usage: crossover backtest --config NEW.yaml [--since 7d] [--until WHEN] [OPTIONS] [--json]

Runs the rules of another configuration over captured requests, and shows what would change before it is applied: which
requests would go elsewhere, what that costs, and how good the answers would be. Calls nobody.
  --config    the configuration that may come
  --current   the one in force. Default: CROSSOVER_CONFIG, or config/crossover.yaml
  --since     how far back, such as 12h, 7d or 2w, or a date or time such as 2027-01-31T18:00:00Z. Default 7d
  --until     a date, to its end in UTC, or a time. Default: now
  --route     one route alone
  --reward    what good answers have: success (the default), or the name of a feedback with numbers
  --limit     most captures that are read; the newest ones are. Default ${DEFAULT_LIMIT}
  --store     the store's url, where it is another than that of the configuration in force
  --json      print a document
`,
  run: async (args) => {
    const { values } = parseArgs({ args: [...args], options: OPTIONS });
    if (values.config === undefined)
      throw new UsageError("say which configuration may come: --config NEW.yaml");
    const filter = { ...timesOf(values, Date.now()), route: values.route };
    const reward = rewardOf(values.reward);
    const limit = numberOf("--limit", values.limit, whole(1)) ?? DEFAULT_LIMIT;
    const current = loadFromDisk(values.current ?? configPathOf([], process.env), process.env);
    const next = loadFromDisk(values.config, process.env);
    if (values.route !== undefined) checkRoute(values.route, current, next);
    const store = await openStore(values.store ?? storeUrl(current), { make: false });
    try {
      const options = { current, next, filter, reward, limit, parse: parseCaptured };
      const document = await backtestOn(store, options);
      if (values.json) printJson(document);
      else process.stdout.write(backtestText(document));
    } finally {
      await store.close();
    }
    return 0;
  },
};

const OPTIONS = {
  config: { type: "string", short: "c" },
  current: { type: "string" },
  since: { type: "string", default: "7d" },
  until: { type: "string" },
  route: { type: "string" },
  reward: { type: "string", default: "success" },
  limit: { type: "string" },
  store: { type: "string" },
  json: { type: "boolean" },
} as const;

/** @throws Error where no configuration has it */
function checkRoute(route: string, current: Table, next: Table): void {
  const routes = new Set([...current.routes.keys(), ...next.routes.keys()]);
  if (!routes.has(route))
    throw new Error(
      `neither configuration has a route ${JSON.stringify(route)}: there are ${[...routes].join(", ")}`,
    );
}

const UNIT_MS = { h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

function timesOf(
  { since, until }: { readonly since: string; readonly until?: string | undefined },
  now: number,
): { readonly from: number; readonly to: number } {
  const to = until === undefined ? now : instantOf(until);
  if (to === undefined) throw new UsageError(`--until: ${INSTANT_RULE}`);
  const from = backFrom(now, since) ?? startOf(since);
  if (from === undefined) throw new UsageError(`--since: a time such as 12h, 7d or 2w, or ${INSTANT_RULE}`);
  if (from >= to) throw new UsageError("--since is not before --until");
  return { from, to };
}

function backFrom(now: number, text: string): number | undefined {
  const [, number, unit] = /^(\d{1,5})([hdw])$/.exec(text) ?? [];
  if (unit !== "h" && unit !== "d" && unit !== "w") return undefined;
  return now - Number(number) * UNIT_MS[unit];
}

function rewardOf(name: string): Reward {
  if (name === "success") return { kind: "success" };
  if (!FEEDBACK_NAME.test(name)) throw new UsageError(`--reward: ${FEEDBACK_NAME_RULE}`);
  return { kind: "feedback", name };
}
