import type { LoggedRow, Odds } from "../../../src/statistics/logged-row.ts";
import { offPolicy, type PolicyValue } from "../../../src/statistics/off-policy.ts";
import { between, percent, rare, within } from "../goals.ts";
import type { Random } from "../random.ts";
import type { Figures, Found, Scenario, Section } from "../scenario.ts";
import { Users } from "../users.ts";

const ROWS = 10_000;
const EASY_SHARE = 0.5;

/** Share of good answers. */
const QUALITY = { prompted: { easy: 0.8, hard: 0.76 }, tuned: { easy: 0.9, hard: 0.6 } } as const;
/** What the rule that is tested would earn: easy requests to the tuned model, the others to the prompted one. */
const TRUTH = EASY_SHARE * QUALITY.tuned.easy + (1 - EASY_SHARE) * QUALITY.prompted.hard;

const ALL_PROMPTED: Odds = new Map([["prompted", 1]]);
const ALL_TUNED: Odds = new Map([["tuned", 1]]);

/** A log of requests of which a share went to the tuned model. */
interface Log {
  readonly share: number;
  readonly rows: number;
  /** Sticky keys, with habits of their own: quality differs between them by this standard deviation. */
  readonly users: number | undefined;
  /** Easy requests never went to the tuned model: the log can't tell what the rule would earn there. */
  readonly isBlind: boolean;
}

const USER_DEVIATION = 0.1;

function log(random: Random, { share, rows, users, isBlind }: Log): readonly LoggedRow[] {
  const logged: Odds = new Map([
    ["prompted", 1 - share],
    ["tuned", share],
  ]);
  const keys = users === undefined ? undefined : new Users(random, { count: users, spread: 1 });
  const habits = Array.from({ length: users ?? 0 }, () => USER_DEVIATION * (2 * random.unit() - 1));
  return Array.from({ length: rows }, (): LoggedRow => {
    const user = keys?.draw(random);
    const kind = random.unit() < EASY_SHARE ? "easy" : "hard";
    const coin = user === undefined ? random.unit() : keys?.unitOf(user);
    const isForced = isBlind && kind === "easy";
    const action = !isForced && coin !== undefined && coin < share ? "tuned" : "prompted";
    const quality = QUALITY[action][kind] + (user === undefined ? 0 : (habits[user] ?? 0));
    return {
      action,
      logged: isForced ? ALL_PROMPTED : logged,
      target: kind === "easy" ? ALL_TUNED : ALL_PROMPTED,
      reward: random.unit() < quality ? 1 : 0,
      unit: user === undefined ? undefined : String(user),
      features: [kind],
      segment: kind,
    };
  });
}

function figuresOf(name: string, { value, interval }: PolicyValue): Figures {
  const covers = interval.low <= TRUTH && TRUTH <= interval.high;
  return {
    [`${name} error`]: Math.abs(value - TRUTH) * 100,
    [`${name} bias`]: (value - TRUTH) * 100,
    ...(covers ? { [`${name} covers`]: 1 } : {}),
  };
}

function logsOf(name: string, of: Log, full: number, reduced: number): Scenario {
  return {
    name,
    full,
    reduced,
    run: (random) => {
      const { estimates } = offPolicy(log(random, of), { low: 0, high: 1 });
      return estimates === undefined
        ? { refused: 1 }
        : { ...figuresOf("snips", estimates.snips), ...figuresOf("dr", estimates.doublyRobust) };
    },
  };
}

const canary: Log = { share: 0.05, rows: ROWS, users: undefined, isBlind: false };
const small = logsOf("a log of a 5% canary", canary, 1000, 60);
const large = logsOf("a log of a 25% canary", { ...canary, share: 0.25 }, 500, 40);
const sticky = logsOf("a sticky log of a 5% canary, 3,000 users", { ...canary, users: 3000 }, 500, 40);
const blind = logsOf("a log without support", { ...canary, isBlind: true }, 1000, 20);
const few = logsOf("a log of 500 rows", { ...canary, rows: 500 }, 1000, 40);

const told = [small, large, sticky];

export const offPolicySection: Section = {
  title: "Backtests",
  text: `What a rule that was never in force would have earned, from logs of ${ROWS.toLocaleString("en")} requests of which a
canary's share went to the other variant. The truth is known here: ${percent(TRUTH)}. Two estimators, SNIPS and doubly
robust, each with an interval of 95%; where the log does not support the rule there has to be a refusal instead.`,
  scenarios: [...told, blind, few],
  table: (found) => [
    ["", "SNIPS: bias", "p95 error", "covered", "doubly robust: bias", "p95 error", "covered", "refused"],
    ...[...told, blind, few].map((scenario) => rowOf(found, scenario)),
  ],
  goals: (found) => [
    ...told.flatMap((scenario) =>
      (["snips", "dr"] as const).map((name) => {
        const runs = found(scenario);
        const answered = runs.having(`${name} error`);
        return between(
          `${scenario.name}: 95% intervals that hold the truth, ${name}`,
          runs.having(`${name} covers`),
          answered,
          0.93,
          0.97,
        );
      }),
    ),
    within("5% canary: p95 error in points, snips", found(small), "snips error", 0.95, 2.1),
    within("5% canary: p95 error in points, doubly robust", found(small), "dr error", 0.95, 2.1),
    {
      ...rare("no support: logs that are answered all the same", found(blind), "snips error", 0),
      goal: "none",
    },
  ],
};

function rowOf(found: Found, scenario: Scenario): readonly string[] {
  const runs = found(scenario);
  const cells = (["snips", "dr"] as const).flatMap((name) => {
    const answered = runs.having(`${name} error`);
    if (answered === 0) return ["", "", ""];
    return [
      runs.mean(`${name} bias`).toFixed(2),
      runs.quantile(`${name} error`, 0.95).toFixed(2),
      percent(runs.having(`${name} covers`) / answered),
    ];
  });
  return [scenario.name, ...cells, percent(runs.having("refused") / runs.count)];
}
