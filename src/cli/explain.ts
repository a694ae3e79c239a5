import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { ChatRequest } from "../domain/chat.ts";
import type { Decision, Explanation } from "../domain/decision.ts";
import { badRequest } from "../domain/errors.ts";
import { percentOf } from "../domain/rollout.ts";
import type { Signals } from "../domain/signals.ts";
import type { Key, Table } from "../domain/table.ts";
import { decisionJson } from "../gateway/answer.ts";
import { keyNamed } from "../gateway/authenticate.ts";
import { parseChat } from "../gateway/parse.ts";
import { KeyRing } from "../keys/key-ring.ts";
import { loadFromDisk } from "../load-from-disk.ts";
import { explain as explainDecision } from "../routing/decide.ts";
import { UsageError } from "./error-text.ts";
import { type Command, configPathOf } from "./main.ts";

export const explain: Command = {
  help: `Usage: crossover explain [BODY.json] [-H 'name: value'] [--key NAME] [--json] [--config FILE]

Reads a chat completion body from a file or from standard input, and calls nobody.
  -H       a request header, as often as needed
  --key    the name of a key in the configuration to decide for
  --json   print the decision as the admin API does
`,
  run: async (args) => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: "boolean" },
        key: { type: "string" },
        config: { type: "string", short: "c" },
        header: { type: "string", short: "H", multiple: true },
      },
    });
    if (positionals.length > 1) throw new UsageError("one body at a time");
    const table = loadFromDisk(configPathOf(args, process.env), process.env);
    const request = parseChat(readFileSync(positionals[0] ?? 0), table.server.jsonLimits);
    const keys = new KeyRing();
    keys.configure(table.keys);
    const signals = signalsFrom(values.header ?? [], keyNamed(values.key, keys), table);
    const explanation = explainDecision(request, table, signals);
    process.stdout.write(
      values.json ? `${decisionJson(request, explanation)}\n` : inWords(request, explanation),
    );
    return 0;
  },
};

function signalsFrom(headers: readonly string[], key: Key | undefined, table: Table): Signals {
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
    key,
    now: new Date(),
    random: Math.random(),
    health: Object.fromEntries(
      [...table.variants.keys()].map((name) => [name, { ok: true, errorRate: 0, requests: 0n }]),
    ),
    rollouts: new Map(),
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
    ...rolloutLine(decision),
    ...steps,
    "",
  ].join("\n");
}

/** Nobody but a gateway knows of runs, and where they stand. */
function rolloutLine({ rollout, stage, share }: Decision): readonly string[] {
  if (rollout === undefined || share === undefined || stage === undefined) return [];
  return [
    `rollout ${rollout} as configured in stage ${stage + 1}, where ${percentOf(share)}% are the candidate's; one that was started may be elsewhere`,
  ];
}
