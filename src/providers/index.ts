import type { ProviderKind } from "../domain/provider.ts";
import { azureOpenai } from "./azure-openai.ts";
import { huggingface } from "./huggingface.ts";
import { openai } from "./openai.ts";
import { openaiCompatible } from "./openai-compatible.ts";
import { simulator } from "./simulator.ts";

/** Every kind of provider. A new one is a file of its own and a line here. */
export const providerKinds: readonly ProviderKind[] = [
  openai,
  azureOpenai,
  huggingface,
  openaiCompatible,
  simulator,
];
