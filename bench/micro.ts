import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Bench } from "tinybench";
import { loadTable } from "../src/config/load.ts";
import type { ChatRequest } from "../src/domain/chat.ts";
import type { Decision } from "../src/domain/decision.ts";
import { PERSONAL_KINDS } from "../src/domain/redactor.ts";
import type { Signals } from "../src/domain/signals.ts";
import type { Table } from "../src/domain/table.ts";
import { authenticate } from "../src/gateway/authenticate.ts";
import { parseChat } from "../src/gateway/parse.ts";
import { shape } from "../src/gateway/shape.ts";
import { KeyRing } from "../src/keys/key-ring.ts";
import type { Claim } from "../src/limits/ledger.ts";
import { MemoryLedger } from "../src/limits/memory-ledger.ts";
import { Metrics } from "../src/metrics/metrics.ts";
import { enrich } from "../src/prompts/enrich.ts";
import { providerKinds } from "../src/providers/index.ts";
import { newRedactor } from "../src/redaction/redactor.ts";
import { decide } from "../src/routing/decide.ts";
import { microTable } from "./report.ts";
import { arbitraryRules, commonRules, manyVariants } from "./rules.ts";
import { CLIENT_KEY, requestBody, UPSTREAM_KEY } from "./sample.ts";
import { BENCH } from "./subjects.ts";

// `npm run bench:micro`: what each step of a request costs by itself, in microseconds.

const LIMITS = { depth: 64, nodes: 1_000_000, messages: 1_000_000 };
const encoder = new TextEncoder();

const config = readFileSync(join(BENCH, "crossover.yaml"), "utf8");
const table = load(config);
const keys = new KeyRing();
keys.configure(table.keys);
const usual = encoder.encode(requestBody({ model: "enriched", stream: false }));
const usualText = new TextDecoder().decode(usual);
const everyKind = newRedactor({ personal: PERSONAL_KINDS });
const request = parseChat(usual, LIMITS);
const signals: Signals = {
  header: () => undefined,
  key: table.keys[0],
  now: new Date(),
  random: 0.5,
  health: {},
  rollouts: new Map(),
  force: undefined,
};
const decision = decide(request, table, signals);
const { prompt } = decision.variant;
if (prompt === undefined) throw new Error("the bench's configuration is expected to enrich");

const image = encoder.encode(
  JSON.stringify({
    model: "enriched",
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "What is on this picture?" },
          {
            type: "image_url",
            image_url: { url: `data:image/png;base64,${"iVBORw0KGgoAAAANSUhEUg".repeat(47_000)}` },
          },
        ],
      },
    ],
  }),
);
const long = encoder.encode(
  JSON.stringify({
    model: "enriched",
    messages: Array.from({ length: 1000 }, (_, i) => ({
      role: i % 2 === 0 ? "user" : "assistant",
      content: `Message ${i}: "quoted"\n${"some words of a long talk ".repeat(38)}`,
    })),
  }),
);

const bench = new Bench({ time: 400, warmupTime: 200 });
const keep: { value: unknown } = { value: undefined };
const step = (name: string, run: () => unknown): void => {
  bench.add(name, () => {
    keep.value = run();
  });
};

const client = { header: () => `Bearer ${CLIENT_KEY}` };
step("authenticate, 1 key", () => authenticate(client, keys));
step("parse, 1.3 KB", () => parseChat(usual, LIMITS));
step("redact keys, 1.3 KB", () => table.redaction.stored.redact(usualText));
step("redact keys and personal data, 1.3 KB", () => everyKind.redact(usualText));
step("decide, the bench's own rules", () => decide(request, table, signals));
for (const [what, rules] of [
  ["10 common rules", commonRules(10)],
  ["100 common rules", commonRules(100)],
  ["1,000 common rules", commonRules(1000)],
  ["100 arbitrary rules", arbitraryRules(100)],
] as const) {
  const many = withRules(rules);
  step(`decide, ${what}, the last one matches`, () => decide(request, many, signals));
  const without = parseChat(
    encoder.encode('{"model":"enriched","messages":[{"role":"user","content":"Hi"}]}'),
    LIMITS,
  );
  step(`decide, ${what}, no metadata`, () => decide(without, many, signals));
}
step("enrich", () => enrich(request, prompt));
step("shape (enrich and write)", () => shape(request, decision.variant));
const metrics = new Metrics({ version: "0", runtime: "bench" });
step("metrics of a request", () => record(metrics, decision));
const ledger = new MemoryLedger();
const claims: readonly Claim[] = [
  { bucket: "key:alice:requests", window: { kind: "sliding", ms: 60_000 }, limit: 1e9, amount: 1 },
  { bucket: "key:alice:tokens", window: { kind: "sliding", ms: 60_000 }, limit: 1e12, amount: 900 },
  { bucket: "key:alice:usd", window: { kind: "month" }, limit: 1e15, amount: 1_900_000 },
  { bucket: "key:alice:streams", window: { kind: "open" }, limit: 50, amount: 1 },
];
step("limits in memory: reserve 4 claims and settle", () => {
  const outcome = ledger.reserve(claims);
  if (outcome.kind === "granted") outcome.reservation.settle([1, 543, 374_000, 1]);
});
const full = new Metrics({ version: "0", runtime: "bench" });
for (const variant of load(manyVariants(200)).variants.values())
  for (let i = 0; i < 10; i++) record(full, { ...decision, variant });
bench.add("/metrics with 200 variants", async () => {
  keep.value = await full.render();
});
for (const [what, body] of [
  ["1 MB image", image],
  ["1 MB in 1,000 messages", long],
] as const) {
  step(`JSON.parse alone, ${what}`, () => JSON.parse(new TextDecoder().decode(body)));
  step(`parse, ${what}`, () => parseChat(body, LIMITS));
  step(`parse, decide, shape, ${what}`, () => {
    const parsed: ChatRequest = parseChat(body, LIMITS);
    return shape(parsed, decide(parsed, table, signals).variant);
  });
}

await bench.run();
process.stdout.write(microTable(bench.tasks));

function record(into: Metrics, { variant, ...rest }: Decision): void {
  into.requestBegan();
  into.decided({ variant, ...rest });
  into.attempted("enriched", variant, "success");
  into.requestEnded({
    decision: { variant, ...rest },
    variant,
    status: 200,
    durationMs: 812,
    overheadMs: 0.2,
    firstTokenMs: 230,
    usage: { input: 412, cachedInput: 256, output: 131 },
    addedTokens: 150,
  });
}

/** The bench's configuration with other rules for its first route. */
function withRules(rules: string): Table {
  const before = config.indexOf("    rules: &rules");
  const after = config.indexOf("  bare:\n    rules:");
  return load(`${config.slice(0, before)}    rules:\n${rules}\n${config.slice(after)}`);
}

function load(yaml: string): Table {
  return loadTable({
    file: "crossover.yaml",
    files: { read: () => yaml, list: () => [] },
    env: {
      BENCH_UPSTREAM: "http://127.0.0.1:1",
      BENCH_UPSTREAM_KEY: UPSTREAM_KEY,
      BENCH_CLIENT_KEY: CLIENT_KEY,
    },
    kinds: providerKinds,
  });
}
