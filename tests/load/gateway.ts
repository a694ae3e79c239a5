import { createHash } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import { parseObject } from "../../src/domain/json.ts";
import { Child } from "./child.ts";
import { ask } from "./control.ts";

export const UPSTREAM_KEY = "upstream-key-0123456789abcdef";
export const CLIENT_KEY = "client-key-0123456789abcdef";

export const PROMPT = {
  system: "You are a recipe assistant. Answer with ingredients, then numbered steps.",
  examples: [
    { user: "Quick tomato soup", assistant: "Ingredients: tomatoes, stock. 1. Simmer. 2. Blend." },
    { user: "Pancakes", assistant: "Ingredients: eggs, milk, flour. 1. Whisk. 2. Fry." },
  ],
  cue: "Recipe for: {{ query }}",
} as const;

/** Every request is captured, as where nothing is said of it. Both paths, fallbacks between them, conditions, a split, a key; no timeout that a slow machine could meet. */
function configOf(upstreamPort: number, dataDir: string): unknown {
  return {
    server: { dataDir },
    timeouts: { connect: 60, firstByte: 300, idle: 300, total: 600 },
    providers: {
      load: {
        kind: "openai-compatible",
        baseURL: `http://127.0.0.1:${upstreamPort}/v1`,
        apiKey: UPSTREAM_KEY,
      },
    },
    models: {
      base: { provider: "load", model: "base", price: { input: 0.4, output: 1.6 } },
      tuned: { provider: "load", model: "tuned", price: { input: 0.8, output: 3.2 } },
    },
    prompts: { recipes: PROMPT },
    variants: {
      prompted: { model: "base", prompt: "recipes" },
      "prompted-or-tuned": { model: "base", prompt: "recipes", fallback: ["tuned"] },
      tuned: { model: "tuned" },
      "tuned-or-prompted": { model: "tuned", fallback: ["prompted"] },
    },
    routes: {
      tiers: {
        rules: [
          { name: "vip", when: 'metadata.tier == "vip"', use: "prompted-or-tuned" },
          { name: "long", when: "request.inputTokens > 6000", use: "prompted" },
        ],
        default: "tuned",
      },
      moving: {
        rules: [{ use: { split: { prompted: 50, "tuned-or-prompted": 50 }, stickyBy: "user" } }],
      },
      "tuned-only": { default: "tuned" },
    },
    keys: { load: { sha256: createHash("sha256").update(CLIENT_KEY).digest("hex") } },
  };
}

const requestLine = z.object({
  message: z.literal("request"),
  request_id: z.string(),
  status: z.number(),
  attempts: z.number(),
  input_tokens: z.number().optional(),
  output_tokens: z.number().optional(),
});

/** What the gateway's log tells of one request. */
export type RequestLine = Omit<z.infer<typeof requestLine>, "message">;

export interface RunningGateway {
  readonly child: Child;
  readonly port: number;
  readonly url: string;
  readonly storeUrl: string;
  /** A file that is there once the store is open. */
  readonly storeJournal: string;
  /** Where the inspector listens; undefined on Bun. */
  readonly inspectorUrl: string | undefined;
}

/** Starts `crossover start`, or the same on Bun, with a configuration of its own. */
export async function startGateway(
  folder: string,
  upstreamPort: number,
  onBun: boolean,
): Promise<RunningGateway> {
  const configPath = join(folder, "crossover.yaml");
  writeFileSync(configPath, stringify(configOf(upstreamPort, join(folder, "data"))));
  const child = new Child({
    name: "gateway",
    command: onBun
      ? ["bun", "src/bun.ts"]
      : [process.execPath, "--inspect=127.0.0.1:0", "src/cli.ts", "start"],
    env: { CROSSOVER_CONFIG: configPath, HOST: "127.0.0.1", PORT: "0", MIMALLOC_PURGE_DELAY: "10000" },
    folder,
  });
  const port = Number(await child.prints(/^Crossover listens on http:\/\/127\.0\.0\.1:(\d+)/m));
  const inspectorUrl = onBun ? undefined : await child.prints(/^Debugger listening on (ws:\S+)$/m);
  const storeFile = join(folder, "data", "crossover.db");
  return {
    child,
    port,
    url: `http://127.0.0.1:${port}`,
    storeUrl: `file:${storeFile}`,
    storeJournal: `${storeFile}-wal`,
    inspectorUrl,
  };
}

/** The lines about requests in the gateway's output. */
export function requestLines(output: string): readonly RequestLine[] {
  return output.split("\n").flatMap((line) => {
    const { success, data } = requestLine.safeParse(parseObject(line));
    return success ? [data] : [];
  });
}

export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** A gauge or counter with the value of each of its series. */
export type Samples = readonly { readonly series: string; readonly value: number }[];

/** Every number that the gateway measures. */
export async function scrape(url: string): Promise<Samples> {
  const text = await ask(`${url}/metrics`);
  return text.split("\n").flatMap((line) => {
    const at = line.lastIndexOf(" ");
    return line.startsWith("#") || at === -1
      ? []
      : [{ series: line.slice(0, at), value: Number(line.slice(at + 1)) }];
  });
}

/** The sum over all series of a metric that carry the labels given. */
export function sumOf(
  samples: Samples,
  metric: string,
  labels: Readonly<Record<string, string | number>> = {},
): number {
  return samples
    .filter(({ series }) => series === metric || series.startsWith(`${metric}{`))
    .filter(({ series }) =>
      Object.entries(labels).every(([label, value]) => series.includes(`${label}="${value}"`)),
    )
    .reduce((sum, { value }) => sum + value, 0);
}
