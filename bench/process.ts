import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

export interface ProcessOptions {
  /** Cores that it may use, as taskset takes them. */
  readonly cores: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Where its output goes. */
  readonly folder: string;
  readonly name: string;
}

/** A process of the bench, pinned, with its output in a file. */
export class PinnedProcess {
  readonly #child: ChildProcess;
  readonly #outputFile: string;
  readonly #name: string;

  constructor(command: readonly string[], { cores, env, folder, name }: ProcessOptions) {
    this.#name = name;
    this.#outputFile = join(folder, `${name}.log`);
    const output = openSync(this.#outputFile, "w");
    // taskset sets the cores and becomes the command: the process measured is the command's own.
    this.#child = spawn("taskset", ["-c", cores, ...command], {
      stdio: ["ignore", output, output],
      cwd: ROOT,
      env: { ...process.env, ...env },
    });
    closeSync(output);
    running.add(this.#child);
    this.#child.once("exit", () => running.delete(this.#child));
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error(`${this.#name} could not be started`);
    return pid;
  }

  /** What it has printed so far. */
  get output(): string {
    return readFileSync(this.#outputFile, "utf8");
  }

  /** @throws Error with the end of its output when it ended by itself */
  checkAlive(): void {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) return;
    throw new Error(`${this.#name} ended early (${exitCode ?? signalCode}):\n${this.output.slice(-2000)}`);
  }

  async stop(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill(signal);
    await ended;
  }
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

/** Runs a command on the load's cores to its end. @returns what it printed @throws Error when it fails */
export async function runToEnd(command: readonly string[], cores: string): Promise<string> {
  const child = spawn("taskset", ["-c", cores, ...command], { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let [output, errors] = ["", ""];
  child.stdout.on("data", (chunk) => {
    output += chunk;
  });
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });
  const [code] = await once(child, "close");
  running.delete(child);
  if (code !== 0) throw new Error(`${command.join(" ")} failed (${code}):\n${errors || output}`);
  return output;
}
