import type { TuningAccess } from "../domain/tuning.ts";
import type { TuningSpec } from "./job.ts";
import { hostingOf } from "./registration.ts";

/** What somebody should know before a job begins. */
export function notesOn(
  { route, variant, replaces, simulated, validation }: TuningSpec,
  access: TuningAccess,
  otherRoutes: readonly string[],
): readonly string[] {
  const hosting = hostingOf(access);
  const isDeployed =
    access.api === "huggingface" || (access.api === "azure" && access.management !== undefined);
  return [
    ...(simulated
      ? [
          "The built-in simulator trains in the provider's place: a small model, on this machine, for nothing.",
        ]
      : []),
    ...(replaces
      ? [
          `The tuned model takes the place of the variant ${variant} as soon as it is registered, without a rollout.`,
        ]
      : []),
    ...(replaces && otherRoutes.length > 0
      ? [
          `Other routes use ${variant} too: ${otherRoutes.join(", ")}. The model is measured on the data of ${route} alone.`,
        ]
      : []),
    ...(validation === null
      ? ["There is no validation file: the tuned model will not be compared with the control."]
      : []),
    ...(access.api === "azure" && !isDeployed
      ? [
          "The provider's settings have no `management`: you deploy the model yourself once it is trained, and register it.",
        ]
      : []),
    ...(isDeployed
      ? [
          `What answers for the model costs by the hour, used or not: ${hosting === undefined ? "the settings do not say how much" : `USD ${hosting}`}.`,
        ]
      : []),
  ];
}
