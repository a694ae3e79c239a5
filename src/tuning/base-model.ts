import { badRequest } from "../domain/errors.ts";
import { isOpenai } from "../providers/openai.ts";
import type { TrainingProvider } from "./provider-choice.ts";

/**
 * A provider trains models of its own catalogue alone. In its place the simulator takes what it takes, so that a rehearsal is
 * refused as the real job would be; where the simulator is configured as such it takes any name.
 * @throws GatewayError 400
 */
export function requireBaseModel(baseModel: string, provider: TrainingProvider): void {
  const example = exampleInstead(baseModel, provider);
  if (example === undefined) return;
  const { name } = provider;
  const shown = baseModel.length > 64 ? `${baseModel.slice(0, 64)}…` : baseModel;
  throw badRequest(
    "unknown_base_model",
    `\`${shown}\` is no model that \`${name}\` could train: name one with \`--base\` (\`base_model\`), such as ${example}.`,
    "base_model",
  );
}

/** @returns undefined for what may be one of the provider's models */
function exampleInstead(
  baseModel: string,
  { kind, simulated, tuning }: TrainingProvider,
): string | undefined {
  switch (kind) {
    case "huggingface": // owner and name: neither an endpoint's address nor one of the Hub's inference providers
      return /^[\w.-]+\/[\w.-]+$/.test(baseModel) ? undefined : "Qwen/Qwen3-0.6B";
    case "openai": // elsewhere a proxy may answer, whose models are named as it likes
      if (!simulated && tuning.api === "openai" && !isOpenai(tuning.baseURL)) return undefined;
      return baseModel.includes("/") ? "gpt-4.1-mini" : undefined;
    case "azure-openai":
      return baseModel.includes("/") ? "gpt-4.1-mini" : undefined;
    default:
      return undefined;
  }
}
