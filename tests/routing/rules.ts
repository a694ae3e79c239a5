import type { Key, Table } from "../../src/domain/table.ts";
import { small, tableOf } from "../config/tables.ts";

/** A table with one route of these rules. */
export function routed(rules: readonly unknown[], more: Readonly<Record<string, unknown>> = {}): Table {
  return tableOf(small({ routes: { route: { rules, ...more } } }));
}

export function key(more: Partial<Key> = {}): Key {
  return {
    name: "app",
    proofs: [],
    hint: undefined,
    tags: [],
    routes: undefined,
    forceVariant: false,
    admin: false,
    capture: true,
    limits: undefined,
    expiresAt: undefined,
    ...more,
  };
}

export const TIERS = [
  { name: "vip", when: 'metadata.tier == "vip"', use: "a" },
  { name: "long", when: "request.inputTokens > 6", use: "b" },
  { name: "rest", use: "c" },
];
