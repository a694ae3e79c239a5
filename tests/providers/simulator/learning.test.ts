import { expect, test } from "vitest";
import { newDataDir } from "./data-dir.ts";
import { accuracyOf, BASE, fileOf, QUERIES, shotsOf, trained, tunerOn } from "./training.ts";

const HELD_OUT = QUERIES.slice(-300);

test("bare it answers badly, with examples better, tuned best, and the better the more rows", async () => {
  const dataDir = newDataDir();
  const tuner = tunerOn(dataDir);
  const tunedOn = async (rows: number) => {
    const { fine_tuned_model: model } = await trained(tuner, fileOf(QUERIES.slice(0, rows)));
    return accuracyOf(dataDir, model, HELD_OUT);
  };
  const bare = await accuracyOf(dataDir, BASE, HELD_OUT);
  const few = await accuracyOf(dataDir, BASE, HELD_OUT, shotsOf(QUERIES.slice(0, 40), 40));
  const enriched = await accuracyOf(dataDir, BASE, HELD_OUT, shotsOf(QUERIES.slice(0, 1000), 2));
  const tuned = { 200: await tunedOn(200), 600: await tunedOn(600), 2000: await tunedOn(2000) };
  expect(bare).toBe(0);
  expect(few).toBeGreaterThan(0.05);
  expect(enriched).toBeGreaterThan(few + 0.05);
  expect(tuned[600]).toBeGreaterThan(tuned[200] + 0.05);
  expect(tuned[600]).toBeGreaterThan(enriched + 0.05);
  expect(tuned[2000]).toBeGreaterThan(tuned[600] + 0.05);
}, 120_000);
