import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { stringify } from "yaml";
import { openTuning } from "../../src/cli/tune-open.ts";
import { until } from "../support/until.ts";
import { config, examples } from "../tuning/world.ts";

test("a command that runs for long sees the configuration that was corrected meanwhile", async () => {
  const folder = mkdtempSync(join(tmpdir(), "crossover-open-"));
  const path = join(folder, "crossover.yaml");
  const write = (more: object) =>
    writeFileSync(path, stringify(config({ server: { dataDir: folder }, ...more })));
  write({});
  const opened = await openTuning(["--config", path]);
  onTestFinished(async () => {
    await opened.close();
    rmSync(folder, { recursive: true });
  });
  const planned = (route: string) =>
    opened.tuning.plan({ route, training: { kind: "text", text: examples(12) } }).then(
      () => "planned",
      (error: unknown) => String(error),
    );
  expect([await planned("ask"), await planned("later")]).toEqual([
    "planned",
    expect.stringContaining("later"),
  ]);
  write({ routes: { later: { default: "prompted" } } });
  await until(async () => (await planned("later")) === "planned");
});
