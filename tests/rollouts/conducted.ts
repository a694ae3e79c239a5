import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Rollout, Side } from "../../src/domain/rollout.ts";
import { fieldsOf } from "../../src/metrics/log.ts";
import { RolloutFamilies } from "../../src/metrics/rollout-families.ts";
import { Conductor } from "../../src/rollouts/conductor.ts";
import type { Observation, RequestObservation } from "../../src/rollouts/observation.ts";
import { openStore } from "../../src/store/open.ts";
import type { RolloutStore } from "../../src/store/rollout-store.ts";
import { type Store, StoreError } from "../../src/store/store.ts";
import type { LogLine } from "../support/gateway.ts";

export const ASKED = { by: "ann" };

/** A store of its own, gone after the test. */
export async function newStore(): Promise<Store> {
  const folder = mkdtempSync(join(tmpdir(), "crossover-rollouts-"));
  const store = await openStore(`file:${join(folder, "crossover.db")}`);
  onTestFinished(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return store;
}

export interface FlakyStore extends RolloutStore {
  /** Does nothing succeed? */
  fails: boolean;
  /** Does no change of a run succeed? */
  failsToSave: boolean;
  /** Are runs changed without anybody hearing that they were? */
  losesAnswers: boolean;
  /** From now on it is another one. */
  becomes(other: RolloutStore): void;
  /** How often it was asked. */
  calls: number;
}

/** A store that fails when it is told to. */
export function flaky(first: RolloutStore): FlakyStore {
  let store = first;
  async function asked<T>(work: () => Promise<T>): Promise<T> {
    flakyStore.calls++;
    if (flakyStore.fails) throw new StoreError("out of order", true);
    return work();
  }
  const flakyStore: FlakyStore = {
    fails: false,
    failsToSave: false,
    losesAnswers: false,
    calls: 0,
    becomes: (other) => {
      store = other;
    },
    saveRun: (...args) =>
      asked(() => {
        if (flakyStore.failsToSave) throw new StoreError("read only", true);
        const saved = store.saveRun(...args);
        return flakyStore.losesAnswers ? saved.then(lost) : saved;
      }),
    newestRuns: () => asked(() => store.newestRuns()),
    run: (id) => asked(() => store.run(id)),
    runsOf: (...args) => asked(() => store.runsOf(...args)),
    rolloutChanges: (filter) => asked(() => store.rolloutChanges(filter)),
    appendObservations: (...args) => asked(() => store.appendObservations(...args)),
    observations: (...args) => asked(() => store.observations(...args)),
    saveSnapshot: (snapshot) => asked(() => store.saveSnapshot(snapshot)),
    snapshot: (run) => asked(() => store.snapshot(run)),
    claimEvents: (claim) => asked(() => store.claimEvents(claim)),
    endEvent: (id) => asked(() => store.endEvent(id)),
    leaveEvent: (id) => asked(() => store.leaveEvent(id)),
  };
  return flakyStore;
}

function lost(): never {
  throw new StoreError("no answer", true);
}

export interface Conducted {
  readonly conductor: Conductor;
  readonly metrics: RolloutFamilies;
  readonly logs: readonly LogLine[];
}

/** A conductor as a process has one; it is closed when the test ends. */
export async function conduct(
  store: RolloutStore,
  rollout: Rollout,
  {
    now = Date.now,
    snapshotEvery = 50,
    pollMs = 5,
    waitMs = 5000,
    webhookWaitsMs,
  }: {
    readonly now?: () => number;
    readonly snapshotEvery?: number;
    readonly pollMs?: number;
    readonly waitMs?: number;
    readonly webhookWaitsMs?: readonly number[];
  } = {},
): Promise<Conducted> {
  const metrics = new RolloutFamilies();
  const logs: LogLine[] = [];
  const conductor = new Conductor({
    store,
    metrics,
    log: (level, message, entry = {}) => logs.push({ level, message, fields: fieldsOf(entry) }),
    timing: { flushMs: 1, pollMs, snapshotEvery },
    now,
    webhookWaitsMs,
  });
  onTestFinished(() => conductor.close());
  conductor.use(new Map([[rollout.name, rollout]]));
  await conductor.ready(waitMs);
  return { conductor, metrics, logs };
}

/** A request that ended. */
export function request(
  side: Side,
  more: Partial<RequestObservation> & Pick<RequestObservation, "share">,
): RequestObservation {
  return {
    kind: "request",
    unit: undefined,
    side,
    stage: 0,
    epoch: 0,
    error: false,
    invalid: false,
    latencyMs: 100,
    firstTokenMs: undefined,
    costUsd: 0.001,
    ...more,
  };
}

/** Requests as a conductor's standing assigns them; the candidate's fail. */
export function* failing(conductor: Conductor, count: number): Generator<Observation> {
  for (let i = 0; i < count; i++) {
    const standing = conductor.standings.get("r");
    if (standing === undefined) throw new TypeError("it was not started");
    const unit = (i * 0.618034) % 1;
    const side = unit < standing.share ? "candidate" : "control";
    const { share, stage, epoch } = standing;
    yield request(side, { unit, share, stage, epoch, error: side === "candidate" });
  }
}
