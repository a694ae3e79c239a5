import type { ProviderContext, ProviderKind } from "../domain/provider.ts";
import type { Model } from "../domain/table.ts";
import type { Provider, TuningAccess } from "../domain/tuning.ts";
import type { CompileContext } from "./compile.ts";
import { keysOf } from "./compile-model.ts";
import { type ProviderConfig, providerBase } from "./schema.ts";

const SIMULATOR = "simulator";

/** A provider's settings with the kind that answers by them: its own, or the simulator's. */
export interface Connection {
  readonly name: string;
  /** As configured. */
  readonly kind: ProviderKind;
  /** Who answers, with the settings that are its own. */
  readonly by: ProviderKind;
  readonly settings: unknown;
  readonly simulated: boolean;
  readonly timeouts: ProviderConfig["timeouts"];
}

/** The simulator answers where the provider has no key and its settings allow the stand-in. */
export function connectionOf(
  name: string,
  provider: unknown,
  kinds: CompileContext["kinds"],
): Connection | undefined {
  const { timeouts, withoutKey, ...settings } = providerBase.parse(provider);
  const kind = kinds.find((one) => one.kind === settings.kind);
  if (kind === undefined) return undefined;
  const standIn =
    withoutKey === SIMULATOR && kind.lacksKey(settings)
      ? kinds.find((one) => one.kind === SIMULATOR)
      : undefined;
  const by = standIn ?? kind;
  return {
    name,
    kind,
    by,
    settings: by === kind ? settings : { kind: by.kind },
    simulated: by.kind === SIMULATOR,
    timeouts,
  };
}

/** @param models those of all providers */
export function compileProvider(
  { name, kind, by, settings, simulated }: Connection,
  models: readonly Model[],
  context: ProviderContext,
): Provider {
  const tuning = by.lacksKey(settings) ? undefined : by.tuning?.(settings, context);
  const own = models.filter(({ provider }) => provider === name);
  // The simulator has no secrets, and its key may be a word that stands anywhere.
  const secrets = [...own.flatMap(({ target }) => keysOf(target)), ...(simulated ? [] : secretsOf(tuning))];
  return { name, kind: kind.kind, simulated, tuning, secrets: [...new Set(secrets)] };
}

/** How the simulator's tuning API is reached, whatever provider it plays. */
export function simulationOf(
  kinds: CompileContext["kinds"],
  context: ProviderContext,
): TuningAccess | undefined {
  return kinds.find(({ kind }) => kind === SIMULATOR)?.tuning?.({ kind: SIMULATOR }, context);
}

function secretsOf(access: TuningAccess | undefined): readonly string[] {
  return secretMembersOf(access).filter((secret) => secret !== undefined);
}

function secretMembersOf(access: TuningAccess | undefined): readonly (string | undefined)[] {
  switch (access?.api) {
    case undefined:
      return [];
    case "openai":
      return [access.apiKey];
    case "azure":
      return [access.apiKey, access.entraToken, access.management?.token];
    case "huggingface":
      return [access.token];
  }
}
