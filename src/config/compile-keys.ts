import { hash } from "node:crypto";
import { instantOf } from "../domain/instant.ts";
import type { Key, KeyProof } from "../domain/table.ts";
import { type CompileContext, unknownName } from "./compile.ts";
import { toLimits } from "./compile-limits.ts";
import type { ConfigPath } from "./problem.ts";
import type { KeyConfig } from "./schema.ts";

const LEAST_CHARACTERS = 16;

type Report = CompileContext["report"];

/** The keys of the configuration. Entries with a problem are left out. @param routes names of all routes */
export function compileKeys(
  entries: Readonly<Record<string, KeyConfig>>,
  routes: readonly string[],
  report: Report,
): readonly Key[] {
  const keys = Object.entries(entries).flatMap(([name, key]) => compileKey(name, key, routes, report));
  reportShared(keys, report);
  return keys;
}

function compileKey(name: string, key: KeyConfig, routes: readonly string[], report: Report): readonly Key[] {
  key.routes?.forEach((route, index) => {
    if (!routes.includes(route)) report(["keys", name, "routes", index], unknownName("route", route, routes));
  });
  const { previous } = key;
  const current = proof(key, undefined, ["keys", name], report);
  const before = previous && proof(previous, instantOf(previous.until), ["keys", name, "previous"], report);
  if (current === undefined) return [];
  return [
    {
      name,
      proofs: before === undefined ? [current] : [current, before],
      hint: undefined,
      tags: key.tags ?? [],
      routes: key.routes,
      forceVariant: key.forceVariant ?? false,
      admin: key.admin ?? false,
      capture: key.capture ?? true,
      limits: toLimits(key.limits),
      expiresAt: key.expires === undefined ? undefined : instantOf(key.expires),
    },
  ];
}

function proof(
  { secret, sha256 }: { readonly secret?: string | undefined; readonly sha256?: string | undefined },
  until: number | undefined,
  path: ConfigPath,
  report: Report,
): KeyProof | undefined {
  if ((secret === undefined) === (sha256 === undefined)) {
    report(path, "give either `secret` or `sha256`");
    return undefined;
  }
  if (secret !== undefined && secret.length < LEAST_CHARACTERS) {
    report([...path, "secret"], `a key needs at least ${LEAST_CHARACTERS} characters`);
    return undefined;
  }
  return { hash: sha256 ?? hash("sha256", secret ?? "", "hex"), until };
}

/** One secret for two keys would leave open whose rights it has. */
function reportShared(keys: readonly Key[], report: Report): void {
  const holders = new Map<string, string>();
  for (const { name, proofs } of keys) {
    for (const { hash } of proofs) {
      const holder = holders.get(hash);
      if (holder !== undefined)
        report(
          ["keys", name],
          holder === name
            ? "`previous` has the same secret as the key itself"
            : `the key \`${holder}\` has the same secret`,
        );
      holders.set(hash, name);
    }
  }
}
