import type { Kysely } from "kysely";
import { clean } from "./rows.ts";
import type { StoredRuleSet } from "./rule-sets.ts";
import type { Schema } from "./schema.ts";

/** Gateways that are given new rules one after another decide by both for a while, in milliseconds. */
const CHANGEOVER_MS = 24 * 60 * 60 * 1000;

export async function saveRuleSet(
  db: Kysely<Schema>,
  { version, at, document }: StoredRuleSet,
): Promise<void> {
  await db
    .insertInto("rule_sets")
    .values({ version: clean(version), at, document: clean(document) })
    .onConflict((conflict) => conflict.column("version").doUpdateSet({ at }).where("rule_sets.at", "<", at))
    .execute();
}

export async function readRuleSet(db: Kysely<Schema>, version: string): Promise<StoredRuleSet | undefined> {
  return db.selectFrom("rule_sets").selectAll().where("version", "=", clean(version)).executeTakeFirst();
}

/** Deletes those that were out of force before the oldest capture came: others were by then, and for long. */
export async function forgetRuleSets(db: Kysely<Schema>): Promise<void> {
  const oldest = await db.selectFrom("captures").select("at").orderBy("seq").limit(1).executeTakeFirst();
  if (oldest === undefined) return;
  const { inForce } = await db
    .selectFrom("rule_sets")
    .select((eb) => eb.fn.max("at").as("inForce"))
    .where("at", "<=", oldest.at - CHANGEOVER_MS)
    .executeTakeFirstOrThrow();
  if (inForce !== null) await db.deleteFrom("rule_sets").where("at", "<", inForce).execute();
}
