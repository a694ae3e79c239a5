#!/usr/bin/env node
// Runs the command line on a Node that is new enough: this one, or the one that the package depends on.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const built = join(here, "../dist/src/cli.js");
const source = join(here, "../src/cli.ts");
// A clone runs its sources; a published package has only what was built.
const entry = existsSync(source) ? source : built;
const major = Number(process.versions.node.split(".")[0]);

if (major >= 24) {
  await import(entry);
} else {
  const node = join(dirname(createRequire(import.meta.url).resolve("node/package.json")), "bin/node");
  const child = spawn(node, [entry, ...process.argv.slice(2)], { stdio: "inherit" });
  // A supervisor's signals are meant for the gateway; Ctrl-C at a terminal reaches it without our help.
  for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"]) {
    process.on(signal, () => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on("error", (error) => {
    process.stderr.write(`crossover: Node 24 can't be started: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on("close", (status, signal) => {
    process.exitCode = status ?? 128 + (constants.signals[signal] ?? 0);
  });
}
