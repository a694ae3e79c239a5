import type { Scenario, Section } from "./scenario.ts";
import { adaptiveSection } from "./sections/adaptive.ts";
import { delaySection } from "./sections/delay.ts";
import { exposureSection } from "./sections/exposure.ts";
import { healthySection } from "./sections/healthy.ts";
import { healthyRampsSection } from "./sections/healthy-ramps.ts";
import { latencySection } from "./sections/latency.ts";
import { offPolicySection } from "./sections/off-policy.ts";
import { promotionSection } from "./sections/promotion.ts";
import { sampleRatioSection } from "./sections/sample-ratio.ts";

/** In the order of the page. */
export const SECTIONS: readonly Section[] = [
  healthySection,
  healthyRampsSection,
  delaySection,
  latencySection,
  exposureSection,
  promotionSection,
  sampleRatioSection,
  adaptiveSection,
  offPolicySection,
];

const scenarios = new Map(
  SECTIONS.flatMap((section) => section.scenarios).map((scenario) => [scenario.name, scenario]),
);

/** @throws Error for a name that there is not */
export function scenarioOf(name: string): Scenario {
  const scenario = scenarios.get(name);
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
  return scenario;
}
