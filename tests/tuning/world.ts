import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Answered } from "../../src/comparison/answered.ts";
import { ConfigError } from "../../src/config/problem.ts";
import { known } from "../../src/domain/made.ts";
import type { Table } from "../../src/domain/table.ts";
import { exampleQuery } from "../../src/gateway/example-query.ts";
import { DiskJobFolders } from "../../src/job-folders.ts";
import type { LogFields } from "../../src/metrics/log.ts";
import { openStore } from "../../src/store/open.ts";
import type { Store } from "../../src/store/store.ts";
import type { TunerDeps, TuningTiming } from "../../src/tuning/deps.ts";
import type { TuningJob } from "../../src/tuning/job.ts";
import type { Registration, Registry } from "../../src/tuning/registry.ts";
import { Tuner } from "../../src/tuning/tuner.ts";
import type { TuningQuestion } from "../../src/tuning/tuning.ts";
import { tableOf } from "../config/tables.ts";
import { FakeProvider } from "./fake-provider.ts";

/** What a variant answers, and what that took. */
type Reply = Pick<Answered, "outcome"> & Partial<Answered>;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

type Config = Readonly<Record<string, unknown>>;

export const SECRET = "sk-proj-secret-0123456789abcdef";

/** A route with a prompted variant, at a provider that trains. */
export function config(more: Config = {}): Config {
  return {
    providers: {
      main: { kind: "openai", apiKey: SECRET },
      cloud: {
        kind: "azure-openai",
        endpoint: "https://acme.openai.azure.com",
        apiKey: "azure-secret-0123456789",
        management: { subscription: "s", resourceGroup: "g", token: "management-secret-01" },
      },
      bare: {
        kind: "azure-openai",
        endpoint: "https://b.openai.azure.com",
        apiKey: "azure-secret-987654321",
      },
      local: { kind: "openai-compatible", baseURL: "http://127.0.0.1:1/v1", apiKey: "sk-local-secret-01" },
    },
    models: { base: { provider: "main", model: "gpt-4.1-mini" } },
    prompts: { helper: { system: "You are a helper." } },
    variants: { plain: { model: "base" }, prompted: { model: "base", prompt: "helper" } },
    routes: {
      ask: {
        rules: [
          { name: "one", when: "metadata.tier == 'free'", use: "plain" },
          { name: "all", use: "prompted" },
        ],
      },
      none: { rules: [{ name: "all", use: "plain" }] },
    },
    tuning: { pollSeconds: 0.01 },
    ...more,
  };
}

/** Examples of a task, one a line. */
export function examples(rows: number, first = 0): string {
  return Array.from({ length: rows }, (_, index) =>
    JSON.stringify({
      messages: [
        { role: "user", content: `Question ${first + index}?` },
        { role: "assistant", content: `Answer ${first + index}.` },
      ],
    }),
  ).join("\n");
}

export const QUESTION: TuningQuestion = {
  route: "ask",
  training: { kind: "text", text: examples(12) },
  validation: { kind: "text", text: examples(5, 100) },
};

export interface WorldOptions {
  readonly config?: Config;
  readonly store?: Store;
  readonly timing?: Partial<TuningTiming>;
}

/** All that a Tuner works with, in memory save for the store and the folders. */
export class World {
  provider = new FakeProvider();
  readonly store: Store;
  readonly folders: DiskJobFolders;
  readonly registered: Registration[] = [];
  readonly logs: { readonly message: string; readonly fields: LogFields }[] = [];
  readonly ended: string[] = [];
  readonly asked: string[] = [];
  /** What a variant answers. */
  answer: (variant: string, query: string) => Reply = (_variant, query) =>
    answered(query.replace("Question", "Answer").replace("?", "."));
  table: Table;
  openJobs = -1;
  #config: Config;
  readonly #previews = new Map<string, Table>();
  readonly #timing: Partial<TuningTiming>;

  constructor(store: Store, folder: string, options: WorldOptions) {
    this.store = store;
    this.folders = new DiskJobFolders(folder);
    this.#config = options.config ?? config();
    this.table = tableOf(this.#config);
    this.#timing = options.timing ?? {};
  }

  configure(changed: Config): void {
    this.#config = changed;
    this.table = tableOf(changed);
  }

  readonly registry: Mutable<Registry> = {
    preview: ({ model, variant }) => {
      if (model.model.startsWith("ft:") && model.provider !== "main")
        throw new ConfigError([
          { file: "x.yaml", line: 1, column: 1, key: "", message: "an ft: model is OpenAI's" },
        ]);
      return known(this.#previews, JSON.stringify([this.#config, model.name, model.model, variant]), () =>
        this.#with(model, variant),
      );
    },
    register: async (registration) => {
      await this.provider.at("before register");
      this.registry.preview(registration);
      this.registered.push(registration);
      await this.provider.at("after register");
    },
  };

  #with(model: Registration["model"], variant: Registration["variant"]): Table {
    const { models, variants } = this.#config;
    return tableOf({
      ...this.#config,
      models: { ...(models ?? {}), [model.name]: { provider: model.provider, model: model.model } },
      variants: {
        ...(variants ?? {}),
        [variant.name]: {
          model: model.name,
          ...(variant.fallback === variant.name ? {} : { fallback: [variant.fallback] }),
        },
      },
    });
  }

  deps(more: Partial<TunerDeps> = {}): TunerDeps {
    return {
      store: this.store,
      table: () => this.table,
      folders: this.folders,
      registry: this.registry,
      trainerFor: async () => this.provider.trainer,
      deployerFor: async (access) =>
        access.api === "azure" && access.management !== undefined ? this.provider.deployer : undefined,
      comparing: {
        tools: () => ({
          ask: async (request, variant, signal) => {
            signal.throwIfAborted();
            this.asked.push(variant.name);
            const query = String(request.messages.at(-1)?.content);
            return { ...UNASKED, variant, ...this.answer(variant.name, query) };
          },
          embed: undefined,
          judge: undefined,
          redact: (text) => text,
        }),
        queryOf: (example, table, route) => exampleQuery(example, { table, route }),
      },
      log: (_level, message, entry = {}) =>
        this.logs.push({ message, fields: typeof entry === "string" ? { entry } : entry }),
      metrics: {
        tuningEnded: (provider, outcome) => this.ended.push(`${provider} ${outcome}`),
        tuningOpen: (jobs) => {
          this.openJobs = jobs;
        },
      },
      timing: { retryMs: 1, mostRetryMs: 5, graceMs: 50, lookMs: 2, scanMs: 5, ...this.#timing },
      ...more,
    };
  }

  tuner(more: Partial<TunerDeps> = {}): Tuner {
    const tuner = new Tuner(this.deps(more));
    onTestFinished(() => tuner.close());
    return tuner;
  }
}

/** @param options a store of its own where none is given */
export async function world(options: WorldOptions = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), "crossover-tuning-"));
  const store = options.store ?? (await openStore(`file:${join(folder, "crossover.db")}`));
  onTestFinished(async () => {
    if (options.store === undefined) await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return new World(store, folder, options);
}

/** A job from its question to its end. */
export async function trained(tuner: Tuner, question: TuningQuestion = QUESTION): Promise<TuningJob> {
  const { id } = await tuner.start(await tuner.plan(question), false);
  return tuner.work(id, AbortSignal.timeout(20_000));
}

const UNASKED = {
  usage: { input: 10, cachedInput: 0, output: 2 },
  addedTokens: 0,
  costUsd: undefined,
  latencyMs: 1,
  firstTokenMs: undefined,
} as const;

export function answered(content: string): Reply {
  return { outcome: { kind: "answer", message: { role: "assistant", content }, finishReason: "stop" } };
}

export function refused(status: number, message = "no"): Reply {
  return { outcome: { kind: "failure", status, code: undefined, message } };
}

/** A store's methods, to put others in the place of some. */
export function bound(store: Store): TunerDeps["store"] {
  return {
    saveTuningJob: (job) => store.saveTuningJob(job),
    renewTuningJob: (lease) => store.renewTuningJob(lease),
    deleteTuningJob: (job, comparison) => store.deleteTuningJob(job, comparison),
    tuningJob: (id) => store.tuningJob(id),
    tuningJobs: (filter) => store.tuningJobs(filter),
    openTuningJobs: (limit) => store.openTuningJobs(limit),
    saveComparison: (comparison, rows) => store.saveComparison(comparison, rows),
    usage: (filter) => store.usage(filter),
  };
}
