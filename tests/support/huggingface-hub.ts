import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { onTestFinished } from "vitest";
import { endpointRoutes, type HubEndpoints } from "./huggingface-endpoints.ts";
import { type HubJobs, jobRoutes } from "./huggingface-jobs.ts";
import {
  HubError,
  type HubRepositories,
  type LargeFiles,
  repositoryRoutes,
} from "./huggingface-repositories.ts";

export const HUB_TOKEN = "hf_doubleTokenThatMayDoAll0001";

export interface HubRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  /** The body as JSON, where it is. */
  readonly json: unknown;
  readonly query: URLSearchParams;
  /** What the groups of the route's path matched. */
  readonly params: readonly string[];
  /** The double's own address. */
  readonly url: string;
}

export interface HubAnswer {
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Writes the body itself. */
  readonly stream?: (response: ServerResponse) => void;
}

export interface HubRoute {
  readonly method: string;
  readonly path: RegExp;
  /** Is no token wanted? */
  readonly open?: boolean;
  readonly answer: (request: HubRequest) => HubAnswer;
}

/**
 * What goes wrong with a request: an error in place of the work; `cut`: the connection is closed and nothing is done;
 * `lost`: it is done, and the answer does not come.
 */
export type HubFault =
  | { readonly status: number; readonly body: unknown; readonly meanwhile?: () => void }
  | "cut"
  | "lost";

/** A double of the Hugging Face Hub, its Jobs and its Inference Endpoints, over real HTTP on one port. */
export interface HuggingFaceHub {
  /** Of both the Hub and the API of the Inference Endpoints. */
  readonly url: string;
  readonly requests: readonly HubRequest[];
  /** What was answered to them, faults aside. */
  readonly answers: readonly {
    readonly request: HubRequest;
    readonly status: number;
    readonly body: unknown;
  }[];
  readonly repositories: HubRepositories;
  readonly jobs: HubJobs;
  readonly endpoints: HubEndpoints;
  /** The next requests whose method and path match, such as `POST /api/jobs/acme`, go wrong. */
  fail(what: RegExp, fault: HubFault, times?: number): void;
  /** How many requests matched. */
  count(what: RegExp): number;
}

export interface HubOptions {
  readonly namespaces?: readonly string[];
  readonly large?: LargeFiles;
  /** Jobs on one page of their list. */
  readonly pageSize?: number;
}

const MEGABYTE = 1_000_000;

/**
 * Paths, bodies and states as in @huggingface/hub 2.17 and huggingface_hub 2.4. The bodies it is sent are checked: a
 * member that those do not send is refused with 400.
 */
export async function startHuggingFaceHub({
  namespaces = ["acme"],
  large = { from: 10 * MEGABYTE, part: 20 * MEGABYTE },
  pageSize = 50,
}: HubOptions = {}): Promise<HuggingFaceHub> {
  const requests: HubRequest[] = [];
  const answers: HuggingFaceHub["answers"][number][] = [];
  const faults: { readonly what: RegExp; readonly fault: HubFault; times: number }[] = [];
  const repositories: HubRepositories = new Map();
  const jobs: HubJobs = [];
  const endpoints: HubEndpoints = new Map();
  const routes: readonly HubRoute[] = [
    {
      method: "GET",
      path: /^\/api\/whoami-v2$/,
      answer: () => ({
        body: {
          type: "user",
          id: "6871a7b0c0ffee0000000002",
          name: namespaces[0],
          fullname: "Acme",
          avatarUrl: "/avatars/acme.svg",
          canPay: true,
          isPro: false,
          orgs: [],
          auth: {
            type: "access_token",
            accessToken: { displayName: "test", role: "write", createdAt: "2026-11-01T00:00:00.000Z" },
          },
        },
      }),
    },
    ...repositoryRoutes(repositories, namespaces, large),
    ...jobRoutes(jobs, repositories, namespaces, pageSize),
    ...endpointRoutes(endpoints, repositories, namespaces),
  ];
  const lineOf = ({ method, path }: Pick<HubRequest, "method" | "path">): string => `${method} ${path}`;

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: path = "", headers } = incoming;
    const target = new URL(path, url);
    const route = routes.find((one) => one.method === method && one.path.test(target.pathname));
    const bytes = await readAll(incoming);
    const request: HubRequest = {
      method,
      path,
      headers,
      bytes,
      json: jsonIn(bytes),
      query: target.searchParams,
      params:
        route?.path
          .exec(target.pathname)
          ?.slice(1)
          .map((one) => one && decodeURIComponent(one)) ?? [],
      url,
    };
    requests.push(request);
    const fault = faults.find((one) => one.times > 0 && one.what.test(lineOf(request)));
    if (fault !== undefined) fault.times--;
    if (fault?.fault === "cut") return void response.destroy();
    if (fault !== undefined && fault.fault !== "lost") {
      fault.fault.meanwhile?.();
      return send(response, fault.fault);
    }
    const answer = answerOf(route, request);
    if (fault?.fault === "lost") return void response.destroy();
    answers.push({ request, status: answer.status ?? 200, body: answer.body });
    send(response, answer);
  }

  const server = createServer((incoming, response) => void handle(incoming, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("the server listens on no port");
  const url = `http://127.0.0.1:${address.port}`;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url,
    requests,
    answers,
    repositories,
    jobs,
    endpoints,
    fail: (what, fault, times = 1) => faults.push({ what, fault, times }),
    count: (what) => requests.filter((request) => what.test(lineOf(request))).length,
  };
}

function answerOf(route: HubRoute | undefined, request: HubRequest): HubAnswer {
  if (route === undefined)
    return { status: 404, body: { error: `Not Found: ${request.method} ${request.path}` } };
  if (route.open !== true && request.headers.authorization !== `Bearer ${HUB_TOKEN}`)
    return { status: 401, body: { error: "Invalid username or password." } };
  try {
    return route.answer(request);
  } catch (error) {
    if (error instanceof HubError)
      return { status: error.status, body: { error: error.message }, headers: error.headers };
    return { status: 400, body: { error: `Bad request: ${String(error)}` } };
  }
}

function send(response: ServerResponse, { status = 200, body, headers = {}, stream }: HubAnswer): void {
  if (stream !== undefined) {
    response.writeHead(status, { "content-type": "text/event-stream", ...headers });
    response.flushHeaders();
    return stream(response);
  }
  const text = typeof body === "string" ? body : JSON.stringify(body ?? {});
  const type = typeof body === "string" ? "text/html" : "application/json; charset=utf-8";
  response.writeHead(status, { "content-type": type, ...headers });
  response.end(text);
}

async function readAll(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function jsonIn(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
