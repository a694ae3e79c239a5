/** A run of a rollout as the store keeps it: what is looked for stands beside the document. */
export interface StoredRun {
  readonly id: string;
  /** Name of the rollout, of which the newest run counts. */
  readonly rollout: string;
  /** When it began, in milliseconds since 1970. */
  readonly at: number;
  readonly state: string;
  /** From 1, one more with each change. */
  readonly revision: number;
  /** JSON. */
  readonly document: string;
}

/** A change of a rollout, with what was known then. Never changed, never deleted. */
export interface StoredChange {
  readonly id: string;
  readonly run: string;
  readonly rollout: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly action: string;
  /** JSON. */
  readonly document: string;
}

/** Observations that came together; a run has them in one order, without gaps. */
export interface LogEntry {
  /** From 1. */
  readonly seq: number;
  /** JSON. */
  readonly document: string;
}

/** The state of everything up to an entry of the log. */
export interface StoredSnapshot {
  readonly run: string;
  /** Of the last entry that is in it. */
  readonly seq: number;
  /** JSON. */
  readonly document: string;
}

/** What came after an entry that was read. */
export interface LogPart {
  /** In their order. At most 1,000. */
  readonly entries: readonly LogEntry[];
  /**
   * The log does not go on from the entry that was read: the snapshot is to be read first, if there is one. The entries between
   * are in it and deleted, or the store is an older copy, which never had the one that was read.
   */
  readonly isCut: boolean;
  /** The run's revision. */
  readonly revision: number;
}

export interface ChangeFilter {
  readonly rollout: string;
  /** Before this time, in milliseconds since 1970. */
  readonly before?: number | undefined;
  /** 1 to 1,000. What else was made in the same millisecond as the last of them comes too. */
  readonly limit: number;
}

/** What a webhook is to be told of. It is kept until that is done, so that it outlives who made the change. */
export interface StoredEvent {
  /** Of the change. */
  readonly id: string;
  readonly rollout: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Until then whoever has it sends it; after that another may. Milliseconds since 1970. */
  readonly due: number;
  /** JSON. */
  readonly body: string;
}

/** Which events somebody wants to send. */
export interface EventClaim {
  /** At least one. */
  readonly rollouts: readonly string[];
  /** Of this moment or later. All in milliseconds since 1970. */
  readonly since: number;
  readonly now: number;
  /** Until when nobody else gets them. */
  readonly until: number;
}

/** What has to be so for a run to be saved, and what is saved with it. */
export interface SaveOptions {
  /** The newest run of its rollout, in whose place a new one comes: its id; undefined: there is none. */
  readonly replaces?: string | undefined;
  /** The last entry of its log that is known: nobody has put one there since. Undefined: somebody may have. */
  readonly upTo?: number | undefined;
  readonly event?: StoredEvent | undefined;
}

/** Where rollouts are kept. Every method may throw StoreError. */
export interface RolloutStore {
  /**
   * Keeps a run together with the changes that made it, if nobody has changed it since: revision 1 in place of the newest run
   * of its rollout, a higher one in place of the revision before.
   * @returns false when somebody has, or a condition does not hold, and nothing is changed
   */
  saveRun(run: StoredRun, changes: readonly StoredChange[], options?: SaveOptions): Promise<boolean>;
  /** The newest run of each rollout. */
  newestRuns(): Promise<readonly StoredRun[]>;
  run(id: string): Promise<StoredRun | undefined>;
  /** Newest first. @param limit 1 to 1,000 */
  runsOf(rollout: string, limit: number): Promise<readonly StoredRun[]>;
  /** Newest first. */
  rolloutChanges(filter: ChangeFilter): Promise<readonly StoredChange[]>;
  /**
   * Puts an entry at the end of a run's log, whoever else does at the same time.
   * @param id of the entry: one that is there already is not put there again, as its answer was lost on the way
   * @param after the last entry that is known
   * @returns what came after that, this entry included
   * @throws StoreError, not temporary, for a run that is not there
   */
  appendObservations(run: string, id: string, document: string, after: number): Promise<LogPart>;
  /** @param after the last entry that is known; 0: none */
  observations(run: string, after: number): Promise<LogPart>;
  /** Keeps it, unless there is a newer one, and deletes the entries that the snapshot before has, save its last. */
  saveSnapshot(snapshot: StoredSnapshot): Promise<void>;
  snapshot(run: string): Promise<StoredSnapshot | undefined>;
  /** Events that are due: whoever gets them is to send them. */
  claimEvents(claim: EventClaim): Promise<readonly StoredEvent[]>;
  /** It was sent, or given up. */
  endEvent(id: string): Promise<void>;
  /** Somebody else is to send it, at once. */
  leaveEvent(id: string): Promise<void>;
}
