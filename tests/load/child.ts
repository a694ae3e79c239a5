import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const START_MS = 60_000;

export interface ChildOptions {
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where its output goes. */
  readonly folder: string;
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

/** A process of the load test, with its output in a file. It does not outlive this one. */
export class Child {
  readonly #name: string;
  readonly #outputFile: string;
  readonly #child: ChildProcess;

  constructor({ name, command: [program = "", ...args], env, folder }: ChildOptions) {
    this.#name = name;
    this.#outputFile = join(folder, `${name}.log`);
    const output = openSync(this.#outputFile, "w");
    this.#child = spawn(program, args, {
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

  /** Waits until it has printed something. @returns the pattern's first group @throws Error when it ends before */
  async prints(pattern: RegExp): Promise<string> {
    const until = Date.now() + START_MS;
    while (Date.now() < until && this.#child.exitCode === null && this.#child.signalCode === null) {
      const found = pattern.exec(this.output)?.[1];
      if (found !== undefined) return found;
      await delay(20);
    }
    throw new Error(`${this.#name} did not start:\n${this.output.slice(-2000)}`);
  }

  /** @returns its exit code; undefined when a signal ended it */
  async stop(signal: NodeJS.Signals): Promise<number | undefined> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, "exit");
      this.#child.kill(signal);
      await ended;
    }
    return this.#child.exitCode ?? undefined;
  }
}
