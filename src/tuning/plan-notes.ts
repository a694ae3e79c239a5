import type { TuningAccess } from "../domain/tuning.ts";
import { count } from "../reports/words.ts";
import type { TuningSpec } from "./job.ts";
import type { TrainingProvider } from "./provider-choice.ts";
import { hostingOf } from "./registration.ts";

export interface NoteParts {
  /** Training rows with a system message. */
  readonly systems: number;
  /** Validation rows that are not trained on. */
  readonly comparable: number;
  /** Those that use the variant which is replaced. */
  readonly otherRoutes: readonly string[];
}

/** What somebody should know before a job begins. */
export function notesOn(
  { route, provider, variant, replaces, simulated, training, validation }: TuningSpec,
  { kind, tuning: access }: TrainingProvider,
  { systems, comparable, otherRoutes }: NoteParts,
): readonly string[] {
  const hosting = hostingOf(access);
  const isDeployed =
    access.api === "huggingface" || (access.api === "azure" && access.management !== undefined);
  return [
    ...(simulated
      ? [
          "The built-in simulator trains in the provider's place: a small model, on this machine, for nothing.",
          ...unrehearsed(provider, kind),
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
    ...(systems > 0
      ? [
          `${systems} of ${training.rows} training rows have a system message, and the tuned variant sends none: the model would be asked otherwise than it was trained, in the comparison too. Build the set without them, as \`crossover dataset build\` does. If your clients send that very message, give the registered variant \`bare: keep\`.`,
        ]
      : []),
    ...(validation === null
      ? ["There is no validation file: the tuned model will not be compared with the control."]
      : leakNotes(validation.rows, comparable)),
    ...(access.api === "azure" && !isDeployed
      ? [
          "The provider's settings have no `management`: you deploy the model yourself once it is trained, and register it.",
        ]
      : []),
    ...(isDeployed ? [hostingNote(access, hosting)] : []),
  ];
}

/** What a job at the provider itself would do beyond what the simulator does. */
function unrehearsed(provider: string, kind: string): readonly string[] {
  switch (kind) {
    case "azure-openai":
      return [
        `At ${provider} itself a deployment would be made, which costs by the hour, or you would deploy the model yourself: that is not simulated.`,
      ];
    case "huggingface":
      return [
        `At ${provider} itself hardware would be billed by the hour, for training and for the endpoint that answers: that is not simulated.`,
      ];
    default:
      return [];
  }
}

function leakNotes(rows: number, comparable: number): readonly string[] {
  if (comparable === rows) return [];
  const leaked = `${rows - comparable} of ${count(rows, "validation row")} ${rows - comparable === 1 ? "is" : "are"} also trained on and not compared`;
  return [
    comparable === 0
      ? `${leaked}: the tuned model will not be compared with the control.`
      : `${leaked}. The comparison is drawn from the others.`,
  ];
}

function hostingNote(access: TuningAccess, hosting: number | undefined): string {
  const price = hosting === undefined ? "the settings do not say how much" : `USD ${hosting}`;
  const minutes = access.api === "huggingface" ? access.endpoint.scaleToZeroMinutes : undefined;
  return minutes === undefined
    ? `What answers for the model costs by the hour, used or not: ${price}.`
    : `What answers for the model costs by the hour while it is awake: ${price}. It sleeps after ${count(minutes, "minute")} without a request.`;
}
