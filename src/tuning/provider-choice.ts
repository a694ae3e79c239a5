import { badRequest, type GatewayError } from "../domain/errors.ts";
import type { Table } from "../domain/table.ts";
import type { Provider, TuningAccess } from "../domain/tuning.ts";

/** A provider that trains. */
export interface TrainingProvider extends Provider {
  readonly tuning: TuningAccess;
}

/** Short names of kinds. */
const KINDS: Readonly<Record<string, (provider: Provider) => boolean>> = {
  openai: ({ kind }) => kind === "openai",
  azure: ({ kind }) => kind === "azure-openai",
  huggingface: ({ kind }) => kind === "huggingface",
  simulator: ({ simulated }) => simulated,
};

/**
 * The provider of this name, or the only one of this kind.
 * @throws GatewayError 400 where there is none, where it does not train, and where there are several
 */
export function trainingProvider(name: string, { providers }: Table): TrainingProvider {
  const named = providers.get(name);
  if (named !== undefined) return trains(named) ? named : refuse(cannotTrain(named));
  const short = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  const isMeant = short ?? (({ kind }: Provider) => kind === name);
  const [first, ...others] = [...providers.values()].filter(isMeant).filter(trains);
  if (first === undefined) return refuse(unknown(name, providers));
  if (others.length > 0) return refuse(several(name, [first, ...others]));
  return first;
}

export function trains(provider: Provider): provider is TrainingProvider {
  return provider.tuning !== undefined;
}

function refuse(error: GatewayError): never {
  throw error;
}

function cannotTrain({ name, kind }: Provider): GatewayError {
  return badRequest(
    "provider_cannot_train",
    `The provider \`${name}\` trains no models: its kind is ${kind}, or its settings lack what training takes. Name another one.`,
    "provider",
  );
}

function unknown(name: string, providers: Table["providers"]): GatewayError {
  const able = [...providers.values()].filter(trains).map((provider) => `\`${provider.name}\``);
  const words = able.length === 0 ? "None of them trains models." : `These train models: ${able.join(", ")}.`;
  return badRequest(
    "unknown_provider",
    `The configuration has no provider ${JSON.stringify(name.slice(0, 64))} that trains models. ${words}`,
    "provider",
  );
}

function several(name: string, found: readonly Provider[]): GatewayError {
  const names = found.map((provider) => `\`${provider.name}\``).join(", ");
  return badRequest("ambiguous_provider", `${name} could be any of ${names}: name one.`, "provider");
}
