import type { Hono } from "hono";
import bundledConfig from "../config/crossover.yaml";
import { createApp } from "../routes/app.ts";
import { unjudged } from "./config/compile-rollout.ts";
import { loadTable } from "./config/load.ts";
import { errorAnswer, newRequestId } from "./domain/own-answer.ts";
import { Gateway } from "./gateway/gateway.ts";
import { jsonLog, redactedLog } from "./metrics/log.ts";
import { Metrics } from "./metrics/metrics.ts";
import { hasLoopbackName } from "./net.ts";
import { providerKinds } from "./providers/index.ts";
import { newRedactor } from "./redaction/redactor.ts";
import { FetchTransport } from "./transport/fetch.ts";
import { VERSION } from "./version.ts";
import { listening, openWeb } from "./web.ts";

/** Variables and secrets of the Worker, as strings. */
type WorkerEnv = Readonly<Record<string, string | undefined>>;

/** The part of Cloudflare's execution context that is used here. */
interface WorkerContext {
  waitUntil(work: Promise<unknown>): void;
  passThroughOnException(): void;
  readonly props: unknown;
}

const FILE = "crossover.yaml";

const log = jsonLog((line) => console.log(line.trimEnd()));

/** One app an isolate, built at the first request, as variables are known only then. */
let app: Hono | undefined;

function build(env: WorkerEnv): Hono {
  const text = env["CROSSOVER_CONFIG_TEXT"] ?? bundledConfig;
  const files = {
    read: (path: string) => {
      if (path !== FILE) throw new Error("a Worker has no files");
      return text;
    },
    list: () => [],
  };
  const table = loadTable({ file: FILE, files, env, kinds: providerKinds });
  if (table.store?.isStated) log("warn", "a Worker keeps no captures: `store` has no effect");
  for (const rollout of table.rollouts.values()) log("warn", unjudged(rollout));
  const gateway = new Gateway({
    table,
    transport: new FetchTransport(),
    metrics: new Metrics({ version: VERSION, runtime: "workerd" }),
    log,
  });
  return createApp(
    gateway,
    {
      open: (context) =>
        openWeb(context.req.raw, listening, gateway.table.server, (work) =>
          context.executionCtx.waitUntil(work),
        ),
      configStale: () => false,
      openAdmin: () => false, // a Worker is on the open internet
      keyless: hasLoopbackName, // as under `wrangler dev`
    },
    VERSION,
  );
}

export default {
  fetch(request: Request, env: WorkerEnv, context: WorkerContext): Response | Promise<Response> {
    try {
      app ??= build(env);
    } catch (error) {
      return unusable(error);
    }
    return app.fetch(request, env, context);
  },
};

/** A configuration that can't be used: the log tells why, the client only that it is not to blame. */
function unusable(error: unknown): Response {
  const id = newRequestId();
  const withoutSecrets = redactedLog(log, () => newRedactor());
  withoutSecrets("error", "the configuration can't be used", { request_id: id, problem: String(error) });
  const { status, headers, body } = errorAnswer(error, id);
  return new Response(body, { status, headers });
}
