import { readFileSync, writeFileSync } from "node:fs";
import { configJsonSchema } from "../config/json-schema.ts";
import { providerKinds } from "../providers/index.ts";

// `npm run schema` writes the JSON Schema that editors use; `-- --check` only compares.
const file = "config/crossover.schema.json";
const text = `${JSON.stringify(configJsonSchema(providerKinds), null, 2)}\n`;
if (process.argv.includes("--check")) {
  if (readFileSync(file, "utf8") !== text) {
    process.stderr.write(`${file} is not what the schema gives. Run: npm run schema\n`);
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, text);
}
