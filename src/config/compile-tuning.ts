import type { Provider, TuningSettings } from "../domain/tuning.ts";
import { type Defined, unknownName } from "./compile.ts";
import type { ConfigPath } from "./problem.ts";
import type { TuningConfig } from "./tuning-schema.ts";

const HOUR_MS = 60 * 60 * 1000;

/** How models are fine-tuned, and by whom where a job does not say. */
export function compileTuning(
  {
    provider,
    replaceLive = false,
    pollSeconds = 10,
    deadlineHours = 72,
    evaluationRows = 200,
    datasets,
  }: TuningConfig = {},
  providers: Defined<Provider>,
  report: (path: ConfigPath, message: string) => void,
): TuningSettings {
  const chosen = provider === undefined ? undefined : providers.compiled.get(provider);
  if (provider !== undefined && !providers.names.includes(provider))
    report(["tuning", "provider"], unknownName("provider", provider, providers.names));
  if (chosen !== undefined && chosen.tuning === undefined)
    report(
      ["tuning", "provider"],
      `${chosen.name} is of the kind ${chosen.kind}, where no models are trained`,
    );
  return {
    provider,
    replaceLive,
    pollMs: pollSeconds * 1000,
    deadlineMs: deadlineHours * HOUR_MS,
    evaluationRows,
    datasets,
  };
}
