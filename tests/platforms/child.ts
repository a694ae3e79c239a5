import { type ChildProcess, spawn } from "node:child_process";

/** A command that runs in a process group of its own. */
export interface Child {
  readonly process: ChildProcess;
  /** What it has written so far to standard output and to standard error. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly hasEnded: () => boolean;
  /** Ends the whole process group and waits for it. */
  stop(): Promise<void>;
}

export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads from standard input. */
  readonly input?: string;
}

/** Variables that a child needs of the machine's; the tests' own stay out of its configuration. */
const KEPT = ["PATH", "HOME", "TMPDIR", "LANG", "CI"] as const;

export function startChild(file: string, args: readonly string[], options: ChildOptions = {}): Child {
  const kept = Object.fromEntries(KEPT.flatMap((name) => [[name, process.env[name]]]));
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: { ...kept, ...options.env },
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const text = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text.stdout += part;
  });
  child.stderr.setEncoding("utf8").on("data", (part: string) => {
    text.stderr += part;
  });
  child.stdin.on("error", () => {}); // it may end without reading
  child.stdin.end(options.input ?? "");
  let hasEnded = false;
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      hasEnded = true;
      resolve(code ?? signal ?? 1);
    });
  });
  return {
    process: child,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    ended,
    hasEnded: () => hasEnded,
    stop: async () => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // The group has ended already.
      }
      await ended;
    },
  };
}
