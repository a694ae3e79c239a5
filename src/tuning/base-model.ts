import { badRequest } from "../domain/errors.ts";
import type { Provider } from "../domain/tuning.ts";

/**
 * A provider trains models of its own catalogue alone. In its place the simulator takes what it takes, so that a rehearsal is
 * refused as the real job would be; where the simulator is configured as such it takes any name.
 * @throws GatewayError 400
 */
export function requireBaseModel(baseModel: string, { name, kind }: Pick<Provider, "name" | "kind">): void {
  const example = exampleInstead(baseModel, kind);
  if (example === undefined) return;
  const shown = baseModel.length > 64 ? `${baseModel.slice(0, 64)}…` : baseModel;
  throw badRequest(
    "unknown_base_model",
    `\`${shown}\` is no model that \`${name}\` could train: name one with \`--base\` (\`base_model\`), such as ${example}.`,
    "base_model",
  );
}

/** @returns undefined for what may be a model of a provider of this kind */
function exampleInstead(baseModel: string, kind: string): string | undefined {
  switch (kind) {
    case "huggingface": // owner and name: neither an endpoint's address nor one of the Hub's inference providers
      return /^[\w.-]+\/[\w.-]+$/.test(baseModel) ? undefined : "Qwen/Qwen3-0.6B";
    case "openai":
    case "azure-openai":
      return baseModel.includes("/") ? "gpt-4.1-mini" : undefined;
    default:
      return undefined;
  }
}
