import type { CaptureSettings } from "../domain/table.ts";
import type { CaptureConfig } from "./capture-schema.ts";

const ALL: CaptureSettings = { sample: 1, errors: true };

/**
 * What a route captures; undefined for nothing.
 * @param own what the route says
 * @param shared what the top says, which counts as far as the route says nothing
 */
export function compileCapture(
  own: CaptureConfig | undefined,
  shared: CaptureConfig | undefined,
): CaptureSettings | undefined {
  return settingsOf(own, settingsOf(shared, ALL));
}

function settingsOf(
  capture: CaptureConfig | undefined,
  otherwise: CaptureSettings | undefined,
): CaptureSettings | undefined {
  if (capture === undefined) return otherwise;
  if (capture === false) return undefined;
  const base = otherwise ?? ALL;
  if (capture === true) return base;
  if (typeof capture === "number") return { ...base, sample: capture };
  return { sample: capture.sample ?? base.sample, errors: capture.errors ?? base.errors };
}
