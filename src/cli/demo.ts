import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import OpenAI from "openai";
import { KeyRing } from "../keys/key-ring.ts";
import type { LogFields } from "../metrics/log.ts";
import { type RunningGateway, startNode } from "../node.ts";
import { errorText } from "./error-text.ts";
import { RequestLines } from "./request-lines.ts";
import { textTable } from "./text-table.ts";

/** A request as an app would make it. */
interface Ask {
  readonly route: string;
  readonly query: string;
  /** Variant to force, so that both are seen side by side. */
  readonly variant?: string;
  readonly stream?: true;
}

const ASKS: readonly Ask[] = [
  { route: "translate", query: "The sun is shining" },
  { route: "recipes", query: "Quick tomato soup" },
  { route: "haiku", query: "The first snow", variant: "haiku-prompted" },
  { route: "haiku", query: "The first snow", variant: "haiku-tuned" },
  { route: "support", query: "Where do I change my password?" },
  { route: "support", query: "I want a refund, or you hear from my lawyer!" },
  { route: "summarise", query: "The meeting moved from Monday to Wednesday, as two of us are ill." },
  { route: "recipes", query: "Pancakes without eggs", stream: true },
];

interface Asked {
  /** What the gateway logged of the request. */
  readonly line: LogFields;
  readonly latencyMs: number;
  readonly problem?: string;
}

const HELP = `Usage: npm run demo [-- --config FILE]

Starts the gateway with config/examples/all.yaml, sends its tasks through both paths with the official
OpenAI SDK, streams one answer, and prints what each request cost. Nothing of it is stored.
`;

const HEAD = ["route", "rule", "variant", "path", "tokens sent", "added by prompt", "cost USD", "latency ms"];

async function demo(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { config: { type: "string", short: "c" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    print(HELP);
    return 0;
  }
  const lines = new RequestLines();
  const running = await startNode({
    configPath: values.config ?? fileURLToPath(new URL("../../config/examples/all.yaml", import.meta.url)),
    env: { ...process.env, PORT: "0" },
    log: lines.log,
    keys: new KeyRing(), // created keys are for others' gateways
    store: false, // what it asks is no traffic of anybody's app
    watch: false,
  });
  try {
    return await askAll(running, lines);
  } finally {
    await running.close(1000);
  }
}

async function askAll({ url, gateway }: RunningGateway, lines: RequestLines): Promise<number> {
  print(`Crossover listens on ${url}/v1\n`);
  for (const notice of gateway.table.notices) print(`  note  ${notice}\n`);
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none-needed", maxRetries: 0 });
  const { data: routes } = await client.models.list();
  print(`  routes  ${routes.map(({ id }) => id).join(", ")}\n`);
  print("  store   none: nothing of this demo is kept\n\n");
  const asked: Asked[] = [];
  for (const one of ASKS) asked.push(await ask(client, one, lines));
  print(`\n${textTable(HEAD, asked.map(rowOf), 4)}`);
  const problems = asked.flatMap(({ line, problem }) =>
    problem === undefined ? [] : [`  ${line["route"]}, ${line["variant"]}: ${problem}\n`],
  );
  if (problems.length > 0) print(`\nNot answered:\n${problems.join("")}`);
  else print(`\n${summaryOf(asked)}`);
  return problems.length > 0 ? 1 : 0;
}

async function ask(
  client: OpenAI,
  { route, query, variant, stream }: Ask,
  lines: RequestLines,
): Promise<Asked> {
  const params: OpenAI.ChatCompletionCreateParamsNonStreaming = {
    model: route,
    user: "ada",
    messages: [{ role: "user", content: query }],
  };
  const headers = variant === undefined ? {} : { "x-crossover-variant": variant };
  const beganAt = performance.now();
  print(`> ${query}\n  `);
  try {
    let id: string;
    if (stream) {
      const { data, response } = await client.chat.completions
        .create({ ...params, stream: true }, { headers })
        .withResponse();
      for await (const chunk of data) print(chunk.choices[0]?.delta.content ?? "");
      id = idOf(response.headers);
    } else {
      const { data, response } = await client.chat.completions.create(params, { headers }).withResponse();
      print(data.choices[0]?.message.content ?? "");
      id = idOf(response.headers);
    }
    print("\n");
    const latencyMs = performance.now() - beganAt;
    return { line: await lines.of(id), latencyMs };
  } catch (error) {
    if (!(error instanceof OpenAI.APIError) || error.headers === undefined) throw error;
    print(`${error.message}\n`);
    const latencyMs = performance.now() - beganAt;
    return { line: await lines.of(idOf(error.headers)), latencyMs, problem: error.message };
  }
}

function idOf(headers: Headers): string {
  return headers.get("x-crossover-request-id") ?? "";
}

function rowOf({ line, latencyMs }: Asked): readonly string[] {
  const { route, rule, variant, path, input_tokens: sent, enrichment_tokens: added, cost_usd: cost } = line;
  const shown = [route, rule, variant, path, sent, added].map((value) => String(value ?? "-"));
  return [...shown, typeof cost === "number" ? cost.toFixed(6) : "-", latencyMs.toFixed(1)];
}

/** What the two paths of this run sent, on average. */
function summaryOf(asked: readonly Asked[]): string {
  return ["enriched", "bare"]
    .map((path) => {
      const sent = asked.flatMap(({ line }) => (line["path"] === path ? [Number(line["input_tokens"])] : []));
      const mean = sent.reduce((sum, tokens) => sum + tokens, 0) / sent.length;
      return `${path.padEnd(10)}${sent.length} requests, ${mean.toFixed(1)} tokens sent on average\n`;
    })
    .join("");
}

function print(text: string): void {
  process.stdout.write(text);
}

try {
  process.exitCode = await demo(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`demo: ${errorText(error)}\n`);
  process.exitCode = 1;
}
