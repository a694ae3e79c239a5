import { z } from "zod";
import type { ProviderKind } from "../domain/provider.ts";
import { configSchema } from "./schema.ts";

/** The JSON Schema of the configuration, so that editors complete and check it. */
export function configJsonSchema(kinds: readonly ProviderKind[]): Readonly<Record<string, unknown>> {
  return {
    ...z.toJSONSchema(configSchema(kinds), { io: "input", unrepresentable: "any" }),
    title: "Crossover configuration",
  };
}
