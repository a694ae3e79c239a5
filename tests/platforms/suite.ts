import { afterAll, afterEach, beforeAll } from "vitest";
import { twoPaths } from "../support/config.ts";
import { sampleOf } from "../support/gateway.ts";
import { type SuiteUpstream, startSuiteUpstream } from "./upstream.ts";

/** A gateway that runs on some platform. */
export interface Running {
  readonly url: string;
  stop(): Promise<void>;
}

/** A gateway and its upstream for all tests of a suite, and how to ask it. */
export interface Suite {
  readonly upstream: SuiteUpstream;
  /** Where the gateway listens. */
  readonly url: string;
  post(body: unknown, more?: RequestInit & { headers?: Record<string, string> }): Promise<Response>;
  /** Sum of the samples of a metric that carry all the labels given. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
}

/**
 * Starts both before the tests of the suite in which it is called, and stops them after.
 * @param start starts a gateway with this configuration
 * @param server settings besides the host
 */
export function startSuite(
  start: (config: unknown) => Promise<Running>,
  server: Readonly<Record<string, unknown>> = {},
): Suite {
  let upstream: SuiteUpstream | undefined;
  let gateway: Running | undefined;
  beforeAll(async () => {
    upstream = await startSuiteUpstream();
    const config = twoPaths(upstream.url);
    const passing = { kind: "openai", apiKey: "sk-passing-secret-0001", baseURL: `${upstream.url}/v1` };
    gateway = await start({
      ...config,
      providers: { ...Object(config["providers"]), passing },
      server: { host: "127.0.0.1", ...server },
    });
  });
  afterEach(() => upstream?.reset());
  afterAll(async () => {
    await gateway?.stop();
    upstream?.close();
  });
  const suite: Suite = {
    get upstream() {
      return started(upstream);
    },
    get url() {
      return started(gateway).url;
    },
    post: (body, more = {}) =>
      fetch(`${suite.url}/v1/chat/completions`, {
        method: "POST",
        body: typeof body === "string" ? body : JSON.stringify(body),
        ...more,
        headers: { "content-type": "application/json", ...more.headers },
      }),
    metric: async (name, labels = {}) =>
      sampleOf(await (await fetch(`${suite.url}/metrics`)).text(), name, labels),
  };
  return suite;
}

function started<T>(what: T | undefined): T {
  if (what === undefined) throw new TypeError("it stands only while the suite's tests run");
  return what;
}

/** A chat request in a route, with an old system message. */
export function ask(model: string, more: Readonly<Record<string, unknown>> = {}): object {
  return {
    model,
    messages: [
      { role: "system", content: "Old instructions" },
      { role: "user", content: "Why? ¿Por qué? 🤔" },
    ],
    ...more,
  };
}
