import { enableCompileCache } from "node:module";
import { join } from "node:path";

// Half of what a command takes is reading its own source: that is kept from one to the next. Where it can't be written, nothing is.
enableCompileCache(join(import.meta.dirname, "../node_modules/.cache/crossover"));
const { main } = await import("./cli/main.ts");

const code = await main(process.argv.slice(2));
if (code !== undefined) process.exitCode = code;
