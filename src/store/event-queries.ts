import type { Kysely, Transaction } from "kysely";
import type { EventClaim, StoredEvent } from "./rollout-store.ts";
import { clean } from "./rows.ts";
import type { Schema } from "./schema.ts";

/** Nobody sends one of this age, in milliseconds. */
const FORGOTTEN_MS = 24 * 60 * 60 * 1000;

export async function addEvent(transaction: Transaction<Schema>, event: StoredEvent): Promise<void> {
  const { id, rollout, at, due, body } = event;
  await transaction
    .insertInto("rollout_events")
    .values({ id: clean(id), rollout: clean(rollout), at, due, body: clean(body) })
    .execute();
}

/** One statement, so that of two who ask at once one gets an event. */
export async function claimEvents(db: Kysely<Schema>, claim: EventClaim): Promise<readonly StoredEvent[]> {
  const { rollouts, since, now, until } = claim;
  return db
    .updateTable("rollout_events")
    .set({ due: until })
    .where("rollout", "in", rollouts.map(clean))
    .where("at", ">=", since)
    .where("due", "<=", now)
    .returningAll()
    .execute();
}

export async function endEvent(db: Kysely<Schema>, id: string): Promise<void> {
  await db.deleteFrom("rollout_events").where("id", "=", clean(id)).execute();
}

export async function leaveEvent(db: Kysely<Schema>, id: string): Promise<void> {
  await db.updateTable("rollout_events").set({ due: 0 }).where("id", "=", clean(id)).execute();
}

/** Deletes those that nobody sent while they were young. */
export async function forgetEvents(db: Kysely<Schema>): Promise<void> {
  await db
    .deleteFrom("rollout_events")
    .where("at", "<", Date.now() - FORGOTTEN_MS)
    .execute();
}
