import type { Registration } from "../../src/tuning/registry.ts";

/** What a job for the route recipes would register, with members of its model as given. */
export function registration(
  model: Partial<Registration["model"]> = {},
  variant: Partial<Registration["variant"]> = {},
): Registration {
  return {
    model: {
      name: "recipes-ft",
      provider: "openai",
      model: "ft:gpt-4.1-mini:acme::1",
      baseModel: "gpt-4.1-mini",
      datasetHash: "0123456789abcdef".repeat(4),
      tuningJob: "tj_1",
      simulated: false,
      hostingPerHour: undefined,
      trainingCost: undefined,
      ...model,
    },
    variant: { name: "recipes-tuned", fallback: "prompted", ...variant },
    replaces: false,
  };
}
