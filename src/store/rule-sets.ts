/** The rules by which requests were decided, as the store keeps them. */
export interface StoredRuleSet {
  /** Of the table that they belong to, which captures name. */
  readonly version: string;
  /** When they came into force last, in milliseconds since 1970. */
  readonly at: number;
  /** JSON. */
  readonly document: string;
}

/** Where rules are kept for as long as there are captures that were decided by them. Every method may throw StoreError. */
export interface RuleSetStore {
  /** Rules that came into force. Those of a version that is there stay as they are, save that they did so later. */
  saveRuleSet(ruleSet: StoredRuleSet): Promise<void>;
  ruleSet(version: string): Promise<StoredRuleSet | undefined>;
}
