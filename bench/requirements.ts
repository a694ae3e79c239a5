import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { PORTKEY } from "./subjects.ts";

const TOOLS = { nginx: "nginx-light", wrk: "wrk", taskset: "util-linux" } as const;

/** @throws Error that says what to install */
export function requireTools({ portkey }: { readonly portkey: boolean }): void {
  const missing = Object.entries(TOOLS).filter(([tool]) => spawnSync("which", [tool]).status !== 0);
  if (missing.length > 0) {
    const packages = missing.map(([, name]) => name).join(" ");
    throw new Error(`The bench needs ${packages}: apt-get install ${packages}`);
  }
  if (portkey && !existsSync(join(PORTKEY, "node_modules"))) {
    process.stderr.write("installing Portkey's gateway\n");
    const { status } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: PORTKEY,
      stdio: ["ignore", "ignore", "inherit"],
    });
    if (status !== 0) throw new Error("Portkey's gateway can't be installed.");
  }
}
