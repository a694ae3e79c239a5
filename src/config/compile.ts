import { createHash } from "node:crypto";
import type { ProviderKind } from "../domain/provider.ts";
import type {
  BreakerSettings,
  Model,
  RetrySettings,
  Shaping,
  Table,
  Timeouts,
  Variant,
} from "../domain/table.ts";
import { compileCompare } from "./compile-compare.ts";
import { compileKeys } from "./compile-keys.ts";
import { compileLimiting } from "./compile-limits.ts";
import { compileModel } from "./compile-model.ts";
import { compilePrompt } from "./compile-prompt.ts";
import { compileProvider, connectionOf, simulationOf } from "./compile-providers.ts";
import { compileRecipe } from "./compile-recipe.ts";
import { compileRedaction } from "./compile-redaction.ts";
import { compileRollout, unjudged } from "./compile-rollout.ts";
import { compileRoute } from "./compile-route.ts";
import { compileServer } from "./compile-server.ts";
import { compileStore } from "./compile-store.ts";
import { compileTuning } from "./compile-tuning.ts";
import type { Environment } from "./document.ts";
import type { TimeoutsConfig } from "./failure-schema.ts";
import type { ConfigPath } from "./problem.ts";
import type { Config } from "./schema.ts";
import { strayModels } from "./stray-models.ts";

export interface CompileContext {
  readonly kinds: readonly ProviderKind[];
  /** Reads a file named by the entry at `path`, relative to the file in which that entry stands. */
  readonly readBeside: (path: ConfigPath, file: string) => string;
  readonly env: Environment;
  /** Notes a problem; compilation goes on to find the others. */
  readonly report: (path: ConfigPath, message: string) => void;
}

/**
 * Turns a validated configuration into a table: references resolved, conditions and templates compiled,
 * upstream addresses built. @returns undefined when problems were reported
 */
export function compile(config: Config, context: CompileContext): Table | undefined {
  let failed = false;
  const report = (path: ConfigPath, message: string): void => {
    failed = true;
    context.report(path, message);
  };
  const inner = { ...context, report };
  const notices: string[] = [];
  const server = compileServer(config, inner);
  const { dataDir } = server;
  const connections = mapEntries(config.providers ?? {}, (provider, name) =>
    connectionOf(name, provider, context.kinds),
  );
  for (const { name, by, kind } of connections.values()) {
    if (by !== kind) notices.push(`provider ${name} has no key: the built-in simulator answers in its place`);
  }
  const strays = strayModels(config.models ?? {}, connections);
  for (const [name, { key, message }] of strays) report(["models", name, key], message);
  const modelContext = {
    providers: defined(connections, config.providers),
    dataDir,
    report,
    timeouts: (own: TimeoutsConfig | undefined) => toTimeouts(own, config.timeouts),
  };
  const models = mapEntries(config.models ?? {}, (model, name) =>
    strays.has(name) ? undefined : compileModel(name, model, modelContext),
  );
  const providers = mapEntries(Object.fromEntries(connections), (connection) =>
    compileProvider(connection, [...models.values()], { dataDir }),
  );
  const prompts = mapEntries(config.prompts ?? {}, (prompt, name) => compilePrompt(name, prompt, inner));
  const variants = compileVariants(config, models, prompts, report);
  const compare = compileCompare(
    config.compare,
    defined(models, config.models),
    defined(variants, config.variants),
    report,
  );
  const rollouts = mapEntries(config.rollouts ?? {}, (rollout, name) =>
    compileRollout(name, rollout, {
      variants: defined(variants, config.variants),
      compare,
      report,
      note: (notice) => notices.push(notice),
    }),
  );
  const routes = mapEntries(config.routes ?? {}, (route, name) =>
    compileRoute(name, route, {
      capture: config.capture,
      variants: defined(variants, config.variants),
      rollouts: defined(rollouts, config.rollouts),
      report,
    }),
  );
  const keys = compileKeys(config.keys ?? {}, [...routes.keys()], report);
  const limiting = compileLimiting(config, models, report);
  const store = compileStore(config, server);
  const redaction = compileRedaction(
    config.redaction,
    {
      providers: [...providers.values()],
      server,
      redis: limiting.redis,
      store,
      rollouts: [...rollouts.values()],
    },
    report,
  );
  const tuning = compileTuning(config.tuning, defined(providers, config.providers), report);
  if (failed) return undefined;
  if (store === undefined) notices.push(...[...rollouts.values()].map(unjudged));
  if (routes.size === 0) notices.push("no routes are configured: every request gets 404");
  return {
    version: hash(JSON.stringify([config, [...prompts.values()].map((prompt) => prompt.version)])).slice(
      0,
      12,
    ),
    server,
    routes,
    rollouts,
    variants,
    models,
    providers,
    simulation: simulationOf(context.kinds, { dataDir }),
    prompts,
    keys,
    ...limiting,
    cacheBytes: config.cache?.maxBytes ?? 64 * 1024 * 1024,
    retries: retrySettings(config),
    breaker: breakerSettings(config),
    redaction,
    store,
    compare,
    tuning,
    notices: [...new Set(notices)],
  };
}

function compileVariants(
  config: Config,
  models: ReadonlyMap<string, Model>,
  prompts: Table["prompts"],
  report: CompileContext["report"],
): ReadonlyMap<string, Variant> {
  const entries = config.variants ?? {};
  return mapEntries(entries, (variant, name) => {
    const model = models.get(variant.model);
    const prompt = variant.prompt === undefined ? undefined : prompts.get(variant.prompt);
    if (model === undefined && !Object.hasOwn(config.models ?? {}, variant.model)) {
      report(
        ["variants", name, "model"],
        unknownName("model", variant.model, Object.keys(config.models ?? {})),
      );
    }
    if (variant.prompt !== undefined && !Object.hasOwn(config.prompts ?? {}, variant.prompt)) {
      report(
        ["variants", name, "prompt"],
        unknownName("prompt", variant.prompt, Object.keys(config.prompts ?? {})),
      );
    }
    variant.fallback?.forEach((other, index) => {
      const path = ["variants", name, "fallback", index];
      if (!Object.hasOwn(entries, other)) report(path, unknownName("variant", other, Object.keys(entries)));
      else if (other === name) report(path, "a variant can't fall back to itself");
      else if (variant.fallback?.indexOf(other) !== index) report(path, "it stands in the list before");
    });
    for (const owned of ["model", "messages", "stream", "stream_options", "n"]) {
      if (Object.hasOwn(variant.params ?? {}, owned))
        report(["variants", name, "params", owned], "this member is for the client or the gateway to set");
    }
    if (model === undefined) return undefined;
    const shaping: Shaping = {
      model,
      prompt,
      params: Object.fromEntries(
        Object.entries(variant.params ?? {}).map(([key, value]) => [key, JSON.stringify(value)]),
      ),
      bare: variant.bare ?? "strip-system",
    };
    return {
      name,
      path: prompt === undefined ? "bare" : "enriched",
      ...shaping,
      model,
      fallback: variant.fallback ?? [],
      hedgeMs: variant.hedge === undefined ? undefined : variant.hedge * 1000,
      recipe: compileRecipe(shaping),
    };
  });
}

function retrySettings({ retries = {} }: Config): RetrySettings {
  return {
    most: retries.most ?? 2,
    beforeFallback: retries.beforeFallback ?? 0,
    deadlineMs: (retries.deadline ?? 5) * 1000,
    share: retries.budget ?? 0.2,
  };
}

function breakerSettings({ breaker = {} }: Config): BreakerSettings | undefined {
  if (breaker === false) return undefined;
  const waitMs = (breaker.wait ?? 5) * 1000;
  return {
    requests: breaker.requests ?? 20,
    failures: breaker.failures ?? 0.5,
    outdone: breaker.outdone ?? 5,
    waitMs,
    maxWaitMs: Math.max(waitMs, (breaker.maxWait ?? 60) * 1000),
  };
}

function toTimeouts(own: TimeoutsConfig | undefined, shared: TimeoutsConfig | undefined): Timeouts {
  const seconds = { ...shared, ...own };
  const milliseconds = (key: keyof TimeoutsConfig, fallback: number): number =>
    (seconds[key] ?? fallback) * 1000;
  const total = milliseconds("total", 600);
  return {
    connect: milliseconds("connect", 5),
    firstByte: milliseconds("firstByte", 60),
    whole: milliseconds("firstByte", total / 1000),
    idle: milliseconds("idle", 30),
    total,
  };
}

/** Entries that others refer to. `names` has those too that could not be compiled, as they are no unknown names. */
export interface Defined<T> {
  readonly compiled: ReadonlyMap<string, T>;
  readonly names: readonly string[];
}

function defined<T>(compiled: ReadonlyMap<string, T>, entries: object = {}): Defined<T> {
  return { compiled, names: Object.keys(entries) };
}

/** Compiles each entry; those that give undefined have reported a problem and are left out. */
function mapEntries<In, Out>(
  entries: Readonly<Record<string, In>>,
  toOut: (entry: In, name: string) => Out | undefined,
): Map<string, Out> {
  const out = new Map<string, Out>();
  for (const [name, entry] of Object.entries(entries)) {
    const compiled = toOut(entry, name);
    if (compiled !== undefined) out.set(name, compiled);
  }
  return out;
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** `there is no model "x". Models: a, b` */
export function unknownName(what: string, name: string, known: readonly string[]): string {
  const list = known.length === 0 ? "none are defined" : `defined: ${known.slice(0, 20).join(", ")}`;
  return `there is no ${what} \`${name}\` (${list})`;
}

/** The entry of this name. @returns undefined where there is none, or where it has a problem of its own */
export function lookUp<T>(
  what: string,
  name: string,
  { compiled, names }: Defined<T>,
  path: ConfigPath,
  report: CompileContext["report"],
): T | undefined {
  if (!names.includes(name)) report(path, unknownName(what, name, names));
  return compiled.get(name);
}
