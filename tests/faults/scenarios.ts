import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { freePort } from "../support/free-port.ts";
import { sampleOf } from "../support/samples.ts";
import { openBench } from "./bench.ts";
import { expectCalm, expectNoSecrets } from "./calm.ts";
import type { GatewayOptions } from "./gateway.ts";
import { labelOf, type Played, type Scenario, type ScenarioGroup } from "./scenario.ts";

/** A gateway for each. */
export function scenarioSuite({ title, scenarios }: ScenarioGroup): void {
  describe(title, () => {
    test.each(scenarios)("$name", (scenario) => checkScenario(scenario));
  });
}

async function checkScenario(scenario: Scenario): Promise<void> {
  const bench = await openBench([scenario], await optionsOf(scenario));
  onTestFinished(() => bench.close());
  const played = await scenario.play(bench);
  expect(tallyOf(played)).toEqual(scenario.sees);
  const { child } = bench.gateway;
  if (scenario.exits !== undefined) {
    expect(await child.ended).toBe(scenario.exits);
    expect(child.stderr()).toBe("");
    return expectNoSecrets(child.stdout(), "the log");
  }
  await expectCalm(bench, played.seen);
  const text = await bench.gateway.metrics();
  for (const [name, expected] of Object.entries(scenario.counted)) {
    const value = played.counts?.[name] ?? sampleNamed(text, name);
    if (typeof expected === "number") expect.soft(value, name).toBe(expected);
    else expect.soft(value, name).toBeLessThanOrEqual(expected.atMost);
  }
}

async function optionsOf({ gateway = "is as ever" }: Scenario): Promise<GatewayOptions> {
  switch (gateway) {
    case "is as ever":
      return {};
    case "its clock can jump":
      return { nodeOptions: ["--import", join(import.meta.dirname, "clock.ts")] };
    case "its log goes to a full disk":
      return { stdout: { file: "/dev/full", port: await freePort() } };
  }
}

function tallyOf({ seen }: Played): Readonly<Record<string, number>> {
  const tally: Record<string, number> = {};
  for (const label of seen.map(labelOf)) tally[label] = (tally[label] ?? 0) + 1;
  return tally;
}

/** Sum of the samples of `name{label="value",...}`. */
function sampleNamed(text: string, name: string): number {
  const [, metric = "", labels = ""] = /^(\w+)(?:\{(.*)\})?$/.exec(name) ?? [];
  const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value]);
  return sampleOf(text, metric, Object.fromEntries(pairs));
}
