import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { ChatRequest } from "../domain/chat.ts";
import type { Explanation } from "../domain/decision.ts";
import { badRequest } from "../domain/errors.ts";
import type { Table } from "../domain/table.ts";
import { decisionJson } from "../gateway/answer.ts";
import { parseChat } from "../gateway/parse.ts";
import { loadFromDisk } from "../node.ts";
import { explain as explainDecision } from "../routing/decide.ts";
import { type Command, configPathOf } from "./main.ts";

export const explain: Command = {
  summary: "Show where a request would go, and why.",
  help: `Usage: crossover explain [BODY.json] [-H 'name: value'] [--json] [--config FILE]

Reads a chat completion body from a file or from standard input, and calls nobody.
  -H       a request header, as often as needed
  --json   print the decision as the admin API does
`,
  run: async (args) => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: "boolean" },
        config: { type: "string", short: "c" },
        header: { type: "string", short: "H", multiple: true },
      },
    });
    const table = loadFromDisk(configPathOf(args, process.env), process.env);
    const request = parseChat(readFileSync(positionals[0] ?? 0), {
      depth: table.server.maxDepth,
      nodes: table.server.maxNodes,
    });
    const explanation = explainDecision(request, table, signalsFrom(values.header ?? [], table));
    process.stdout.write(
      values.json ? `${decisionJson(request, explanation)}\n` : inWords(request, explanation),
    );
    return 0;
  },
};

function signalsFrom(headers: readonly string[], table: Table) {
  const byName = new Map(
    headers.map((line) => {
      const colon = line.indexOf(":");
      if (colon < 1)
        throw badRequest("invalid_value", `A header is \`name: value\`, not ${JSON.stringify(line)}.`);
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  return {
    header: (name: string) => byName.get(name),
    key: undefined,
    now: new Date(),
    random: Math.random(),
    health: Object.fromEntries(
      [...table.variants.keys()].map((name) => [name, { ok: true, errorRate: 0, requests: 0n }]),
    ),
    force: byName.get("x-crossover-variant"),
  };
}

function inWords(request: ChatRequest, { decision, trace }: Explanation): string {
  const { variant, propensity } = decision;
  const steps = trace.map(({ rule, when, matched, why, values }) => {
    const seen = Object.entries(values).map(([path, value]) => `\n      ${path} = ${JSON.stringify(value)}`);
    return `  ${matched ? "✓" : "✗"} ${rule}${when === null ? "" : `: ${when}`}\n      ${why}${seen.join("")}`;
  });
  return [
    `${request.fields.model} -> ${variant.name} (${variant.path}, ${variant.model.target.model} at ${variant.model.provider}), chosen with probability ${propensity}`,
    ...steps,
    "",
  ].join("\n");
}
