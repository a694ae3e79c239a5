import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { MemoryLedger } from "../../src/limits/memory-ledger.ts";
import { SpendingFile, SpendingFileError } from "../../src/limits/spending-disk.ts";
import { until } from "../support/gateway.ts";
import { granted, perDay } from "./suite.ts";

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "crossover-spending-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A process that keeps its spending in this folder. */
function start(folder: string, everyMs = 10) {
  const ledger = new MemoryLedger();
  /** What was told: errors where writing began to fail, undefined where it went on. */
  const states: unknown[] = [];
  const file = new SpendingFile({ folder, ledger, everyMs, onState: (error) => states.push(error) });
  onTestFinished(() => file.close());
  const spend = (units: number): void => {
    granted(ledger.reserve([perDay(1000, units)])).reservation.settle([units]);
  };
  const left = (): number | undefined => ledger.reserve([perDay(1000, 0)]).standings[0]?.remaining;
  return { file, states, spend, left };
}

test("what was spent survives a restart", async () => {
  const folder = join(newFolder(), "made", "here");
  const first = start(folder);
  first.spend(300);
  await first.file.close();
  const second = start(folder);
  expect(second.left()).toBe(700);
  second.spend(100);
  await second.file.close();
  expect(start(folder).left()).toBe(600);
});

test("a process that is killed loses what it spent since the last write, which comes by itself", async () => {
  const folder = newFolder();
  const killed = start(folder);
  killed.spend(300);
  await until(() => existsSync(join(folder, "spending.json")) || undefined);
  expect(start(folder).left()).toBe(700);
});

test("nothing is written while nothing changes", async () => {
  const folder = newFolder();
  const { file, spend } = start(folder, 3_600_000);
  await file.flush();
  expect(existsSync(join(folder, "spending.json"))).toBe(false);
  spend(1);
  await file.flush();
  const { ino } = statSync(join(folder, "spending.json"));
  await file.flush();
  expect(statSync(join(folder, "spending.json")).ino).toBe(ino);
});

test.each([
  ["", "not JSON"],
  ['{"version":1,"budgets":[', "not JSON"],
  ['{"version":2,"budgets":[]}', "version"],
  ['{"version":1,"budgets":[{"bucket":"a","window":"day","from":"2026-05-10","used":-1}]}', "budgets.0.used"],
  ['{"version":1,"budgets":[{"bucket":"a","window":"day","from":"yesterday","used":1}]}', "budgets.0.from"],
  [
    '{"version":1,"budgets":[{"bucket":"a","window":"year","from":"2026-05-10","used":1}]}',
    "budgets.0.window",
  ],
])("a file that can't be used keeps it from starting, by name: %s", (text, problem) => {
  const folder = newFolder();
  const path = join(folder, "spending.json");
  writeFileSync(path, text);
  expect(() => start(folder)).toThrow(SpendingFileError);
  expect(() => start(folder)).toThrow(path);
  expect(() => start(folder)).toThrow(problem);
  expect(readFileSync(path, "utf8")).toBe(text);
});

test("a folder that can't be made keeps it from starting", () => {
  const file = join(newFolder(), "file");
  writeFileSync(file, "");
  expect(() => start(join(file, "data"))).toThrow(SpendingFileError);
});

test("a write that fails is told, stops nothing, and is made up for", async () => {
  const folder = newFolder();
  const path = join(folder, "spending.json");
  const { file, states, spend, left } = start(folder);
  mkdirSync(path); // stands in the way, for root too
  spend(300);
  await until(() => states.length > 0 || undefined);
  spend(100);
  expect(left()).toBe(600);
  rmSync(path, { recursive: true });
  await until(() => existsSync(path) || undefined);
  await until(() => states.length > 1 || undefined);
  expect(states).toEqual([expect.any(Error), undefined]);
  await file.close(); // what succeeded may have begun before the second amount was spent
  expect(start(folder).left()).toBe(600);
});
