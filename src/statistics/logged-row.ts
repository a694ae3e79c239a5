/** With which probability each action is chosen; they sum to 1. */
export type Odds = ReadonlyMap<string, number>;

/** A decision that was logged, with what came of it. */
export interface LoggedRow {
  /** What was chosen. */
  readonly action: string;
  /** The odds at that moment, above 0 for the action. Of a sticky key too: its hash is a coin that was tossed once. */
  readonly logged: Odds;
  /** The odds that the policy in question would have given. */
  readonly target: Odds;
  /** Within the range. */
  readonly reward: number;
  /** The sticky key, with one coin for all of its rows. Undefined: the row had a coin of its own. */
  readonly unit: string | undefined;
  /** By which rewards may differ, the most telling first. */
  readonly features: readonly string[];
  /** A name for requests of its kind, for those who read what the log can't tell. */
  readonly segment: string;
}

/** How many of the target's decisions a row stands for. @throws RangeError when its action had no odds */
export function weightOf({ action, logged, target }: LoggedRow): number {
  const odds = logged.get(action) ?? 0;
  if (odds <= 0) throw new RangeError(`the action ${action} was chosen without odds`);
  return (target.get(action) ?? 0) / odds;
}
