import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { proxy } from "./nginx.ts";
import { CLIENT_KEY, UPSTREAM_KEY } from "./sample.ts";

export const BENCH = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(BENCH);
export const PORTKEY = join(BENCH, "portkey");

/** Something between client and upstream that is measured. */
export interface Subject {
  readonly name: string;
  /** The least that a proxy on the same runtime does. */
  readonly plain?: Subject;
  /** What a client names in `model`. */
  readonly model: string;
  /** Headers that a client sends besides content-type. */
  headers(upstreamPort: number): Readonly<Record<string, string>>;
  /** Headers that a good answer has. */
  readonly expected: Readonly<Record<string, string>>;
  /** How it is started, listening on `port` and calling the upstream on `upstreamPort`. */
  command(options: {
    readonly folder: string;
    readonly port: number;
    readonly upstreamPort: number;
  }): readonly string[];
  env(options: {
    readonly folder: string;
    readonly port: number;
    readonly upstreamPort: number;
  }): Readonly<Record<string, string>>;
}

export const nginx: Subject = {
  name: "nginx proxy_pass",
  model: "gpt-4.1-mini",
  headers: () => ({}),
  expected: {},
  command: ({ folder, port, upstreamPort }) => proxy(folder, port, upstreamPort),
  env: () => ({}),
};

export const plainOnNode = plainProxy("plain proxy on Node", [
  process.execPath,
  join(BENCH, "plain/node.ts"),
]);
export const plainOnBun = plainProxy("plain proxy on Bun", [bin("bun"), join(BENCH, "plain/bun.ts")]);

export const onNode = crossover("Crossover on Node", npmScript("start"), plainOnNode, "enriched");
export const onNodeBare = crossover("Crossover on Node, bare", npmScript("start"), plainOnNode, "bare");
export const onBun = crossover("Crossover on Bun", npmScript("start:bun"), plainOnBun, "enriched");

/** Portkey's gateway as its README starts it, with those of the bench's rules that it can have. */
export const portkey = portkeyWith("Portkey on Node, two rules", (host) => ({
  "x-portkey-config": JSON.stringify(portkeyConfig(host)),
  "x-portkey-metadata": JSON.stringify({ tier: "free", team: "cards", stage: "live" }),
}));

export const portkeyNoRules = portkeyWith("Portkey on Node, no rules", (host) => ({
  "x-portkey-provider": "openai",
  "x-portkey-custom-host": host,
  authorization: `Bearer ${UPSTREAM_KEY}`,
}));

function portkeyWith(name: string, headers: (host: string) => Readonly<Record<string, string>>): Subject {
  return {
    name,
    model: "gpt-4.1-mini",
    headers: (upstreamPort) => headers(`http://127.0.0.1:${upstreamPort}/v1`),
    expected: { "x-portkey-provider": "openai" },
    command: ({ port }) => [
      process.execPath,
      join(PORTKEY, "node_modules/@portkey-ai/gateway/build/start-server.js"),
      `--port=${port}`,
    ],
    env: () => ({ TRUSTED_CUSTOM_HOSTS: "127.0.0.1" }),
  };
}

function portkeyConfig(host: string): object {
  const target = { provider: "openai", api_key: UPSTREAM_KEY, custom_host: host };
  return {
    strategy: JSON.parse(readFileSync(join(PORTKEY, "strategy.json"), "utf8")),
    targets: ["bare", "prompted", "usual"].map((name) => ({ name, ...target })),
  };
}

/** What any gateway on this runtime costs: how much of a figure is the runtime's on this machine. */
function plainProxy(name: string, command: readonly string[]): Subject {
  return {
    name,
    model: "gpt-4.1-mini",
    headers: () => ({}),
    expected: {},
    command: () => command,
    env: ({ port, upstreamPort }) => ({
      PORT: String(port),
      BENCH_UPSTREAM: `http://127.0.0.1:${upstreamPort}`,
    }),
  };
}

function crossover(
  name: string,
  { command, env }: Script,
  plain: Subject,
  route: "enriched" | "bare",
): Subject {
  return {
    name,
    plain,
    model: route,
    headers: () => ({ authorization: `Bearer ${CLIENT_KEY}` }),
    expected: { "x-crossover-path": route },
    command: () => command,
    env: ({ port, upstreamPort }) => ({
      ...env,
      CROSSOVER_CONFIG: join(BENCH, "crossover.yaml"),
      HOST: "127.0.0.1",
      PORT: String(port),
      BENCH_UPSTREAM: `http://127.0.0.1:${upstreamPort}`,
      BENCH_UPSTREAM_KEY: UPSTREAM_KEY,
      BENCH_CLIENT_KEY: CLIENT_KEY,
    }),
  };
}

interface Script {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What `npm run NAME` runs, without npm and its shell, whose processes would have to be left out. */
function npmScript(name: string): Script {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const words = String(scripts[name])
    .replace(/^exec /, "")
    .split(" ");
  const first = words.findIndex((word) => !/^\w+=/.test(word));
  const [program = "", ...args] = words.slice(first);
  const settings = words.slice(0, first).map((word) => word.split("=", 2));
  return {
    command: [program === "node" ? process.execPath : bin(program), ...args],
    env: Object.fromEntries(settings),
  };
}

function bin(name: string): string {
  const path = join(ROOT, "node_modules/.bin", name);
  if (!existsSync(path)) throw new Error(`${name} is missing: run npm ci`);
  return path;
}
