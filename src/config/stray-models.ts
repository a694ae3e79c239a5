import type { Connection } from "./compile-providers.ts";
import type { ModelConfig } from "./schema.ts";

/** Why a model can't be where it is said to be, and under which of its keys that stands. */
interface Stray {
  readonly key: "model" | "tuningJob" | "simulated";
  readonly message: string;
}

/** Is this the name that OpenAI gives to a model it has fine-tuned? */
export function hasFtId(model: string): boolean {
  return model.startsWith("ft:");
}

/**
 * Fine-tuned models under a provider that can't have them: the simulator's where it does not answer, an `ft:` id where there
 * are none, and one id or one job's model at two providers. What was trained at one provider exists there only.
 */
export function strayModels(
  models: Readonly<Record<string, ModelConfig>>,
  connections: ReadonlyMap<string, Connection>,
): ReadonlyMap<string, Stray> {
  const strays = new Map<string, Stray>();
  const owners = new Map<string, { readonly name: string; readonly provider: string }>();
  for (const [name, entry] of Object.entries(models)) {
    const { provider } = entry;
    const connection = connections.get(provider);
    if (connection === undefined) continue;
    if (entry.simulated === true && !connection.simulated) {
      strays.set(name, { key: "simulated", message: unreal(connection) });
      continue;
    }
    if (hasFtId(entry.model) && !connection.kind.ftIds && entry.simulated !== true) {
      strays.set(name, { key: "model", message: foreign(connection) });
      continue;
    }
    for (const { key, id } of identitiesOf(entry)) {
      const identity = JSON.stringify([key, id]);
      const owner = owners.get(identity);
      if (owner === undefined) owners.set(identity, { name, provider });
      else if (owner.provider !== provider) strays.set(name, { key, message: shared(key, owner, provider) });
    }
  }
  return strays;
}

/** What must not be at two providers. */
function identitiesOf({ model, tuningJob }: ModelConfig): readonly { key: Stray["key"]; id: string }[] {
  return [
    ...(hasFtId(model) ? [{ key: "model" as const, id: model }] : []),
    ...(tuningJob === undefined ? [] : [{ key: "tuningJob" as const, id: tuningJob }]),
  ];
}

function unreal({ name }: Connection): string {
  return `made by the simulator: train it again. ${name} is not simulated, and has no such model`;
}

function foreign({ name, kind }: Connection): string {
  return (
    `an \`ft:\` model was fine-tuned at OpenAI and exists there only, but ${name} is of the kind ${kind.kind}. ` +
    `Name a provider of the kind openai, or openai-compatible for a proxy of it, or fine-tune at ${name} and name what comes out`
  );
}

function shared(
  key: Stray["key"],
  owner: { readonly name: string; readonly provider: string },
  provider: string,
): string {
  const what = key === "model" ? "this fine-tuned model" : "what this job trained";
  return (
    `${what} is at ${owner.provider}, as ${owner.name} says, and can't be at ${provider} too: it exists where it was trained only. ` +
    `Name ${owner.provider} here, or fine-tune at ${provider} and name what comes out`
  );
}
