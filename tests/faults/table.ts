import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type Cells, cellsOf, scenarioCells } from "./describe.ts";
import { groups, scenarioGroups } from "./rows/index.ts";

// `npm run faults:table` writes docs/faults.md from the rows of the suite; `-- --check` only compares.
const file = "docs/faults.md";

const tables = [
  ...Object.values(groups).map(({ title, rows }) => ({ title, cells: rows.map(cellsOf) })),
  ...Object.values(scenarioGroups).map(({ title, scenarios }) => ({
    title,
    cells: scenarios.map(scenarioCells),
  })),
];
for (const name of Object.keys({ ...groups, ...scenarioGroups }))
  if (!existsSync(`tests/faults/${name}.faults.ts`)) throw new Error(`nothing plays the faults of ${name}`);
const count = tables.reduce((sum, { cells }) => sum + cells.length, 0);

const text = `# Faults

What ${count} faults do to clients, to the counters, and to what must not be lost. \`npm run test:faults\` plays each of them
against the gateway as a process of its own, with an upstream whose bytes are under the test's control and OpenAI's
own SDK as the client; \`npm run faults:table\` writes this page from those tests.

After every fault the process lives and \`/health/live\` answers, no request is counted as under way, no connection
of the broken kind is left, the log tells of no bug, and no secret stands in the log, the answer or \`/metrics\`. "request"
is the status in \`crossover_requests_total\`, "×" what \`crossover_upstream_attempts_total\` counts
(see [Metrics](metrics.md)).
${tables.map(({ title, cells }) => section(title, cells)).join("")}`;

function section(title: string, rows: readonly Cells[]): string {
  const head = "| what goes wrong | the client sees | counted | kept |\n|---|---|---|---|\n";
  const lines = rows.map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |\n`);
  return `\n## ${title}\n\n${head}${lines.join("")}`;
}

if (process.argv.includes("--check")) {
  if (readFileSync(file, "utf8") !== text) {
    process.stderr.write(`${file} is not what the suite gives. Run: npm run faults:table\n`);
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, text);
}
