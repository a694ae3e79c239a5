import { count, percent } from "../reports/words.ts";
import type { LoggedRow, Odds } from "../statistics/logged-row.ts";
import { offPolicy, type PolicyValue } from "../statistics/off-policy.ts";
import { FEWEST_CARRIERS, type Lack } from "../statistics/support.ts";
import type { StoredCapture } from "../store/store.ts";
import { variantIn } from "./action.ts";
import type { QualityDocument } from "./document.ts";
import { loggedOdds, type Recipes } from "./odds.ts";
import { type Reward, rangeOf, rewardName, rewardOf } from "./reward.ts";
import type { KeptRule } from "./rule-set.ts";

/** What is to be known of a capture in the end, when all of them have been read. */
type Kept = Pick<StoredCapture, "decided" | "propensity" | "rule" | "tableVersion" | "stickyKey">;

/** A request that says something of the quality, without its texts. */
interface Rewarded {
  readonly capture: Kept;
  readonly rules: readonly KeptRule[];
  readonly reward: number;
  readonly target: Odds;
  /** By which rewards may differ. */
  readonly features: readonly string[];
}

/** How good the answers of a route would be. */
export class Quality {
  readonly #reward: Reward;
  readonly #recipes: Recipes;
  readonly #rewarded: Rewarded[] = [];
  readonly #leftOut = new Map<string, number>();
  #fallbacks = 0;

  constructor(reward: Reward, recipes: Recipes) {
    this.#reward = reward;
    this.#recipes = recipes;
  }

  /**
   * @param rules of its route when it was decided
   * @param target the odds of the new configuration
   * @param rule that takes it there
   */
  add(capture: StoredCapture, rules: readonly KeptRule[], target: Odds, rule: string): void {
    const reward = rewardOf(capture, this.#reward);
    if (typeof reward === "string") return this.leaveOut(reward);
    if (capture.variant !== capture.decided) this.#fallbacks++;
    const size = Math.round(Math.log2(1 + (capture.content?.request.length ?? 0)));
    const features = [rule, capture.rule, `${size}`, capture.key ?? ""];
    const { decided, propensity, rule: taken, tableVersion, stickyKey } = capture;
    const kept = { decided, propensity, rule: taken, tableVersion, stickyKey };
    this.#rewarded.push({ capture: kept, rules, reward, target, features });
  }

  leaveOut(reason: string): void {
    this.#leftOut.set(reason, (this.#leftOut.get(reason) ?? 0) + 1);
  }

  document(): QualityDocument {
    const rows = this.#rewarded.map((one) => this.#rowOf(one));
    const range = rangeOf(rows.map(({ reward }) => reward));
    const { logged, support, lacks, estimates } = offPolicy(rows, range);
    return {
      reward: rewardName(this.#reward),
      rows: rows.length,
      left_out: Object.fromEntries(this.#leftOut),
      fallbacks: this.#fallbacks,
      logged: logged ?? null,
      snips: valueDocument(estimates?.snips),
      doubly_robust: valueDocument(estimates?.doublyRobust),
      support: {
        effective_rows: support.effectiveRows,
        largest_weight: support.largestWeight,
        carriers: support.news?.carriers ?? null,
        keys: support.news?.keys ?? null,
      },
      refused: lacks.map((lack) => refusalOf(lack, rows)),
    };
  }

  #rowOf({ capture, rules, reward, target, features }: Rewarded): LoggedRow {
    const { action, odds } = loggedOdds(capture, rules, this.#recipes);
    const { stickyKey: unit, rule: segment } = capture;
    return { action, logged: odds, target, reward, unit, features, segment };
  }
}

type Value = NonNullable<QualityDocument["snips"]>;

function valueDocument(value: PolicyValue | undefined): Value | null {
  return value ?? null;
}

function refusalOf(lack: Lack, rows: readonly LoggedRow[]): QualityDocument["refused"][number] {
  const { kind } = lack;
  switch (kind) {
    case "no_support": {
      const { segment, action, share } = lack;
      const text = noSupportText(lack, rows);
      return { kind, text, segment, variant: variantIn(action), share, more_rows: null };
    }
    case "too_few":
      return {
        kind,
        text: rows.length === 0 ? "The logs cannot tell: no request says anything of it." : tooFewText(lack),
        segment: null,
        variant: null,
        share: null,
        more_rows: lack.moreRows,
      };
  }
}

/** A share to begin with. */
const FIRST_SHARE = 0.05;

function noSupportText(
  { segment, action, rows: requests, share }: Extract<Lack, { kind: "no_support" }>,
  rows: readonly LoggedRow[],
): string {
  const which = `${count(requests, "request")} that the rule \`${segment}\` took (${percent(share)} of what the new configuration decides)`;
  const needed = count(Math.ceil(FEWEST_CARRIERS / FIRST_SHARE), "request");
  return `Of ${which} ${whyNone(segment, action, rows)}: the logs cannot tell. Give it ${percent(FIRST_SHARE)} of them by a split or a rollout until ${needed} of them have come.`;
}

/** Why no request that a rule took was sent where it would go: the variant had no share of them, or it asked otherwise. */
function whyNone(segment: string, action: string, rows: readonly LoggedRow[]): string {
  const name = variantIn(action);
  const shares = rows
    .filter((row) => row.segment === segment && (row.target.get(action) ?? 0) > 0)
    .filter(({ logged }) => (logged.get(action) ?? 0) <= 0)
    .flatMap(({ logged }) => [...logged].flatMap(([then, odds]) => (variantIn(then) === name ? [odds] : [])));
  const other = "asked by another model, prompt or parameters than the new configuration gives it";
  const hadNone = shares.some((odds) => odds <= 0);
  if (shares.some((odds) => odds > 0)) return `\`${name}\` ${hadNone ? `had 0%, or ${other}` : other}`;
  return `${hadNone ? "at 0% " : ""}none could go to \`${name}\``;
}

function tooFewText({ of, have, need, moreRows }: Extract<Lack, { kind: "too_few" }>): string {
  const more = `About ${count(moreRows, "more request")} as those before would do.`;
  const [has, needs] = [Math.floor(have), need].map((number) => count(number, "row", "rows"));
  switch (of) {
    case "rows":
      return `The logs cannot tell: the requests weigh as much as ${has} of equal weight, and ${needs} are needed. ${more}`;
    case "carriers":
      return `The logs cannot tell: what is new rests on ${has} of equal weight, and ${needs} are needed. ${more}`;
    case "keys":
      return `The logs cannot tell: what is new rests on ${count(Math.floor(have), "sticky key")} of equal traffic, and ${need} are needed. ${more}`;
  }
}
