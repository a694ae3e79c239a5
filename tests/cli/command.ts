import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Child, type ChildOptions, startChild } from "../platforms/child.ts";
import { until } from "../support/gateway.ts";

const root = join(import.meta.dirname, "../..");
const SYSTEM_NODE = "/usr/bin/node";

/** The Node that the project depends on. */
export const projectNode = join(root, "node_modules/node/bin/node");

/** The Nodes that can be asked to run the command: the project's own, and an older one of the machine. */
export const nodes: readonly (readonly [string, string])[] = [
  ["the project's Node", projectNode],
  ...(isOlder(SYSTEM_NODE) ? ([["the machine's older Node", SYSTEM_NODE]] as const) : []),
];

function isOlder(node: string): boolean {
  if (!existsSync(node)) return false;
  const version = execFileSync(node, ["--version"], { encoding: "utf8" });
  return Number(/^v(\d+)/.exec(version)?.[1]) < 24;
}

export interface Ended {
  readonly code: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts `crossover ...args` on the Node given; it is ended with the test. */
export function startCommand(node: string, args: readonly string[], options: ChildOptions = {}): Child {
  const child = startChild(node, [join(root, "bin/crossover.js"), ...args], { cwd: root, ...options });
  onTestFinished(() => child.stop());
  return child;
}

/** Runs `crossover ...args` to its end. */
export async function runCommand(
  node: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<Ended> {
  const child = startCommand(node, args, options);
  const code = await child.ended;
  return { code, stdout: child.stdout(), stderr: child.stderr() };
}

/** `crossover start`, once it listens. */
export async function startServing(
  node: string,
  configPath: string,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly child: Child; readonly url: string }> {
  const child = startCommand(node, ["start", "--config", configPath], {
    env: { PORT: "0", CROSSOVER_DATA_DIR: `${configPath}.data`, ...env },
  });
  const url = await until(() => {
    if (child.hasEnded()) throw new Error(`it ended: ${child.stdout()}${child.stderr()}`);
    return /listens on (http:\/\/\S+)\/v1\n/.exec(child.stdout())?.[1];
  }, 30_000);
  return { child, url };
}

/** A folder with files in it, gone when the test ends. @returns their paths */
export function temporaryFiles<Name extends string>(
  files: Readonly<Record<Name, string>>,
): (name: Name) => string {
  const folder = mkdtempSync(join(tmpdir(), "crossover-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries<string>(files)) writeFileSync(join(folder, name), text);
  return (name) => join(folder, name);
}
