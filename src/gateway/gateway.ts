import { ResponseCache } from "../cache/response-cache.ts";
import type { CaptureQueue } from "../captures/capture-queue.ts";
import type { Tools } from "../comparison/answered.ts";
import type { SentRequest } from "../domain/chat.ts";
import type { Decision } from "../domain/decision.ts";
import { modelNotAllowed, modelNotFound } from "../domain/errors.ts";
import { newRequestId } from "../domain/own-answer.ts";
import type { Standings } from "../domain/rollout.ts";
import { Room } from "../domain/room.ts";
import type { Signals } from "../domain/signals.ts";
import type { Key, Model, Table } from "../domain/table.ts";
import type { Inbound, Reply, Transport } from "../domain/transport.ts";
import { KeyRing } from "../keys/key-ring.ts";
import { MemoryLedger } from "../limits/memory-ledger.ts";
import { HealthTracker } from "../metrics/health.ts";
import { type Log, redactedLog } from "../metrics/log.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { RolloutWatch } from "../rollouts/rollouts.ts";
import { decide, explain } from "../routing/decide.ts";
import type { Store } from "../store/store.ts";
import type { Circuit } from "../upstreams/breaker.ts";
import { Upstreams } from "../upstreams/upstreams.ts";
import { decisionJson } from "./answer.ts";
import { authenticate, keyNamed } from "./authenticate.ts";
import { Caching } from "./caching.ts";
import { Capturing } from "./capturing.ts";
import { Comparing } from "./comparing.ts";
import { Exchange } from "./exchange.ts";
import { type LedgerAccess, Limiter } from "./limiter.ts";
import { CalledSides, type Observing, observingOf } from "./observing.ts";
import { type Listener, OpenRequests } from "./open-requests.ts";
import { asksDryRun, asksNoCapture, parseChat, requireJson } from "./parse.ts";
import { parseComparison } from "./parse-comparison.ts";
import { MOST_PASSED_BYTES, PassThrough } from "./pass-through.ts";
import { RuleKeeper } from "./rule-keeper.ts";
import { Shadowing } from "./shadowing.ts";
import { toolsFor } from "./tools.ts";

export interface GatewayDeps {
  readonly table: Table;
  readonly transport: Transport;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Default: one that holds the table's keys alone. */
  readonly keys?: KeyRing;
  /** Where limits are counted. Default: in memory. */
  readonly ledger?: LedgerAccess;
  /** Where captures are kept. Default: nowhere. */
  readonly store?: Store | undefined;
  /** Told of each table that comes into force. */
  readonly onTable?: (table: Table) => void;
  /** Takes what is captured. Default: nothing is. */
  readonly captures?: CaptureQueue | undefined;
  /** Where rollouts stand. Default: at their configured stages. */
  readonly rollouts?: RolloutWatch | undefined;
  /** From [0, 1). */
  readonly random?: () => number;
}

const UNSTARTED: Standings = new Map();

/** How long somebody waits for captures to be stored, in milliseconds. */
const FLUSH_MS = 5000;

/** A route as `GET /v1/models` lists it. */
export interface ListedModel {
  readonly id: string;
  readonly object: "model";
  /** Seconds since 1970. */
  readonly created: number;
  readonly owned_by: "crossover";
}

/** The one way of a request: authenticate, decide, shape, send, relay, record. */
export class Gateway {
  readonly metrics: Metrics;
  readonly log: Log;
  /** The keys in force: the table's and the created ones. */
  readonly keys: KeyRing;
  /** Undefined: nothing is kept. */
  readonly store: Store | undefined;
  readonly #onTable: (table: Table) => void;
  /** Undefined where nothing is captured. */
  readonly captures: CaptureQueue | undefined;
  /** Undefined where nobody starts rollouts. */
  readonly rollouts: RolloutWatch | undefined;
  readonly #shadowing: Shadowing | undefined;
  readonly #called = new CalledSides();
  readonly #rules: RuleKeeper | undefined;
  readonly #transport: Transport;
  readonly #limiter: Limiter;
  readonly #random: () => number;
  readonly #health = new HealthTracker();
  readonly #upstreams = new Upstreams((model, circuit) => this.#circuitChanged(model, circuit));
  readonly #open = new OpenRequests();
  #cache: ResponseCache | undefined;
  readonly #room = new Room();
  #table: Table;
  #tableSince = new Date();

  constructor(deps: GatewayDeps) {
    this.metrics = deps.metrics;
    this.log = redactedLog(deps.log, () => this.#table.redaction.secrets);
    this.keys = deps.keys ?? new KeyRing();
    this.store = deps.store;
    this.#onTable = deps.onTable ?? (() => {});
    this.#limiter = new Limiter(deps.ledger ?? { ledger: new MemoryLedger() }, deps.metrics);
    this.captures = deps.captures;
    this.rollouts = deps.rollouts;
    this.#rules = deps.store && new RuleKeeper(deps.store, this.log);
    this.#transport = deps.transport;
    this.#random = deps.random ?? Math.random;
    this.#shadowing = this.rollouts && this.#shadowingFor(this.rollouts);
    this.#table = deps.table;
    this.use(deps.table);
  }

  get table(): Table {
    return this.#table;
  }

  /** Where runs of rollouts stand now. */
  get standings(): Standings {
    return this.rollouts?.standings ?? UNSTARTED;
  }

  /** Puts another table in force. Requests under way finish on the one with which they began. */
  use(table: Table): void {
    this.#table = table;
    this.#tableSince = new Date();
    this.keys.configure(table.keys);
    this.#health.watch(table.variants.keys());
    this.metrics.tableInForce(table);
    this.#upstreams.watch(table);
    for (const model of table.models.values())
      this.metrics.showCircuit(model, this.#upstreams.of(model).circuit);
    this.#shadowing?.use(table);
    this.#onTable(table);
  }

  /** Answers a chat completion. Never rejects: a failure is an answer too. */
  async chat(inbound: Inbound, reply: Reply): Promise<void> {
    const table = this.#table;
    const id = newRequestId();
    // Written out: an object put together from parts costs all that read it some percent of a request's time.
    const exchange = new Exchange({
      id,
      table,
      reply,
      transport: this.#transport,
      metrics: this.metrics,
      log: this.log,
      health: this.#health,
      upstreams: this.#upstreams,
      random: this.#random,
      limiter: this.#limiter,
    });
    if (!this.#open.begin(exchange)) return;
    const room = this.#room.part(table.server.maxBufferedBytes);
    try {
      const key = authenticate(inbound, this.keys);
      const dryRun = asksDryRun(inbound);
      const noCapture = asksNoCapture(inbound);
      requireJson(inbound);
      const waitsFrom = performance.now();
      const bytes = await inbound.body(table.server.maxBodyBytes, room);
      exchange.waitedForBody(performance.now() - waitsFrom);
      const request = parseChat(bytes, table.server.jsonLimits);
      const signals = this.#signals(inbound, key);
      if (dryRun) return exchange.dryRun(request, explain(request, table, signals));
      const decision = decide(request, table, signals);
      const caching = this.#caching(table, decision.route, inbound, key);
      await exchange.run({
        request,
        decision,
        caching,
        capturing: this.#capturing(table, request, decision.route, key, noCapture),
        observing: this.#observing(id, request, decision, table),
        quotas: this.#limiter.quotas(key, decision.route, table),
      });
    } catch (error) {
      exchange.failed(error);
    } finally {
      room.release();
      this.#open.end(exchange);
    }
  }

  /** Answers a comparison of variants. Never rejects: a failure is an answer too. */
  async compare(inbound: Inbound, reply: Reply): Promise<void> {
    const table = this.#table;
    const { store } = this;
    const deps = { ...this.#asking(table), id: newRequestId(), reply, limiter: this.#limiter, store };
    const comparing = new Comparing(deps);
    if (!this.#open.begin(comparing)) return;
    const room = this.#room.part(table.server.maxBufferedBytes);
    try {
      const key = authenticate(inbound, this.keys);
      const kept = !asksNoCapture(inbound) && key?.capture !== false;
      requireJson(inbound);
      const { maxBodyBytes, jsonLimits } = table.server;
      const bytes = await inbound.body(maxBodyBytes, room);
      await comparing.run(parseComparison(bytes, jsonLimits), key, kept);
    } catch (error) {
      comparing.failed(error);
    } finally {
      room.release();
      this.#open.end(comparing);
    }
  }

  /** Passes a request for files or fine-tuning on to a provider. Never rejects: a failure is an answer too. */
  async passThrough(request: Request, reply: Reply): Promise<void> {
    const { metrics, log } = this;
    const id = newRequestId();
    const deps = { id, reply, table: this.#table, metrics, log, mostBytes: MOST_PASSED_BYTES };
    const passing = new PassThrough(deps);
    if (!this.#open.begin(passing)) return;
    try {
      await passing.run(request);
    } catch (error) {
      passing.failed(error);
    } finally {
      this.#open.end(passing);
    }
  }

  /** What a comparison works with that is no client's: it knows no limits. @param route in whose name; empty: none */
  comparisonTools(route: string, judging: boolean): Tools {
    return toolsFor({ ...this.#asking(this.#table), route }, judging);
  }

  #asking(table: Table) {
    return {
      table,
      transport: this.#transport,
      metrics: this.metrics,
      log: this.log,
      health: this.#health,
      upstreams: this.#upstreams,
      random: this.#random,
    };
  }

  /** What of the cache this request may use, as far as its route has one and the client does not forbid it. */
  #caching(table: Table, route: string, inbound: Inbound, key: Key | undefined): Caching | undefined {
    const settings = table.routes.get(route)?.cache;
    if (settings === undefined) return undefined;
    const control = inbound.header("cache-control") ?? "";
    if (/\bno-store\b/i.test(control)) return undefined;
    if (this.#cache?.maxBytes !== table.cacheBytes) this.#cache = new ResponseCache(table.cacheBytes);
    const owner = { tenant: key?.proofs[0]?.hash ?? "", route };
    return new Caching(this.#cache, settings, owner, !/\bno-cache\b/i.test(control));
  }

  /** What is kept of a request: where there is no store nothing at all. */
  #capturing(
    table: Table,
    request: SentRequest,
    route: string,
    key: Key | undefined,
    optedOut: boolean,
  ): Capturing | undefined {
    if (this.captures === undefined) return undefined;
    this.#rules?.keep(table);
    const settings = optedOut || key?.capture === false ? undefined : table.routes.get(route)?.capture;
    return new Capturing({ queue: this.captures, request, key: key?.name, settings });
  }

  /** Resolves with true when what was captured so far is stored; with false when the store fails, or after five seconds. */
  async flushCaptures(): Promise<boolean> {
    return (await this.captures?.flush(FLUSH_MS)) ?? true;
  }

  /** Is the gateway stopping, and taking no new connections? */
  get draining(): boolean {
    return this.#open.draining;
  }

  /** Lets requests under way end, for at most so many milliseconds; see `OpenRequests`. */
  drain(listener: Listener, deadlineMs: number): Promise<void> {
    this.#shadowing?.stop();
    return this.#open.drain(listener, deadlineMs);
  }

  /**
   * What `chat` would do with this request, and why. Calls nobody.
   * @param keyName the client's key to decide for; undefined: one that may do everything
   */
  async explain(inbound: Inbound, keyName: string | undefined): Promise<string> {
    const table = this.#table;
    requireJson(inbound);
    const key = keyNamed(keyName, this.keys);
    const bytes = await this.bodyOf(inbound, table.server.maxBodyBytes);
    const request = parseChat(bytes, table.server.jsonLimits);
    return decisionJson(request, explain(request, table, this.#signals(inbound, key)));
  }

  /** @throws GatewayError as Inbound.body */
  async bodyOf(inbound: Inbound, limit: number): Promise<Uint8Array> {
    const room = this.#room.part(this.#table.server.maxBufferedBytes);
    try {
      return await inbound.body(limit, room);
    } finally {
      room.release();
    }
  }

  /** @throws GatewayError 429 when this key has given more feedback than it may */
  async admitFeedback(key: Key): Promise<void> {
    await this.#limiter.admitFeedback(key);
  }

  /** The routes that the client's key may use. */
  models(inbound: Pick<Inbound, "header">): readonly ListedModel[] {
    const key = authenticate(inbound, this.keys);
    return [...this.#table.routes.keys()]
      .filter((route) => key?.routes?.includes(route) ?? true)
      .map((id) => this.#listed(id));
  }

  /** @throws GatewayError 404 for a route that is not there, 403 for one that is not for this key */
  model(id: string, inbound: Pick<Inbound, "header">): ListedModel {
    const key = authenticate(inbound, this.keys);
    if (!this.#table.routes.has(id)) throw modelNotFound(id);
    if (key?.routes?.includes(id) === false) throw modelNotAllowed(id);
    return this.#listed(id);
  }

  /** What the run of its rollout is to know of a request, if it has one. */
  #observing(id: string, request: SentRequest, decision: Decision, table: Table): Observing | undefined {
    const shadow = this.#shadowing?.of(id, request, decision, table);
    return observingOf(this.rollouts, request, decision, table, shadow, this.#called);
  }

  #shadowingFor(rollouts: RolloutWatch): Shadowing {
    return new Shadowing({
      rollouts,
      transport: this.#transport,
      metrics: this.metrics,
      log: this.log,
      upstreams: this.#upstreams,
      random: this.#random,
    });
  }

  #circuitChanged(model: Model, circuit: Circuit): void {
    this.metrics.showCircuit(model, circuit);
    const { name, provider } = model;
    this.log(circuit === "open" ? "warn" : "info", "circuit changed", { model: name, provider, circuit });
  }

  #listed(id: string): ListedModel {
    return {
      id,
      object: "model",
      created: Math.floor(this.#tableSince.getTime() / 1000),
      owned_by: "crossover",
    };
  }

  #signals(inbound: Inbound, key: Key | undefined): Signals {
    return {
      header: (name) => inbound.header(name),
      key,
      now: new Date(),
      random: this.#random(),
      health: this.#health.snapshot,
      rollouts: this.standings,
      force: inbound.header("x-crossover-variant"),
    };
  }
}
