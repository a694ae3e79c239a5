import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { connect } from "node:net";
import OpenAI, { toFile } from "openai";
import { describe, expect, onTestFinished, test } from "vitest";
import { newRequestId } from "../../src/domain/own-answer.ts";
import { PassThrough } from "../../src/gateway/pass-through.ts";
import { WebReply } from "../../src/transport/web-exchange.ts";
import { freePort } from "../support/free-port.ts";
import { startGateway, type TestGateway, until } from "../support/gateway.ts";
import { sendJson, startUpstream, type Upstream } from "../support/upstream.ts";
import { expectRefused, sendRaw } from "./black-box.ts";

const SECRET = "sk-secret-of-the-provider-0123456789";

function config(url: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    server: { port: 0 },
    providers: { main: { kind: "openai", apiKey: SECRET, baseURL: `${url}/v1`, organization: "org-1" } },
    models: { base: { provider: "main", model: "gpt-4.1-mini" } },
    variants: { base: { model: "base" } },
    routes: { ask: { default: "base" } },
    ...more,
  };
}

const FILE = {
  id: "file-1",
  object: "file",
  bytes: 3,
  created_at: 1,
  filename: "a.jsonl",
  purpose: "fine-tune",
};

async function started(
  more: Readonly<Record<string, unknown>> = {},
  upstream?: Upstream,
): Promise<{ readonly gateway: TestGateway; readonly upstream: Upstream }> {
  const double = upstream ?? (await startUpstream((_received, response) => sendJson(response, FILE)));
  return { gateway: await startGateway(config(double.url, more)), upstream: double };
}

describe("the official SDK", () => {
  test("uploads a file, whose form reaches the provider as it is, under the provider's key", async () => {
    const { gateway, upstream } = await started();
    const text = '{"messages": []}\n'.repeat(1000);
    const file = await gateway.client.files.create({
      purpose: "fine-tune",
      file: await toFile(Buffer.from(text), "train.jsonl"),
    });
    expect(file).toMatchObject(FILE);
    const [received] = upstream.received;
    expect([received?.method, received?.url]).toEqual(["POST", "/v1/files"]);
    expect(received?.headers).toMatchObject({
      authorization: `Bearer ${SECRET}`,
      "openai-organization": "org-1",
      "content-type": expect.stringMatching(/^multipart\/form-data; ?boundary=/),
    });
    expect(received?.text).toContain(text);
    expect(
      await gateway.metric("crossover_passthrough_requests_total", { provider: "main", status: "200" }),
    ).toBe(1);
  });

  test("lists, reads, deletes files; creates, lists, follows and cancels jobs", async () => {
    const { gateway, upstream } = await started();
    const { client } = gateway;
    upstream.respond((received, response) => {
      if (received.url.endsWith("/content"))
        response.writeHead(200, { "content-type": "application/octet-stream" }).end("{}\n");
      else sendJson(response, { id: "x", object: "list", data: [], has_more: false });
    });
    await client.files.list({ purpose: "fine-tune", limit: 2 });
    expect(await (await client.files.content("file-1")).text()).toBe("{}\n");
    await client.files.delete("file-1");
    await client.fineTuning.jobs.create({ model: "gpt-4.1-mini", training_file: "file-1" });
    await client.fineTuning.jobs.listEvents("ftjob-1", { after: "ev 1&x" });
    await client.fineTuning.jobs.checkpoints.list("ftjob-1");
    await client.fineTuning.jobs.cancel("ftjob-1");
    const admin = client.withOptions({ adminAPIKey: "unused" });
    await admin.fineTuning.checkpoints.permissions.create("ft:gpt-4.1-mini:org:name:id", {
      project_ids: ["p"],
    });
    expect(upstream.received.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "GET /v1/files?purpose=fine-tune&limit=2",
      "GET /v1/files/file-1/content",
      "DELETE /v1/files/file-1",
      "POST /v1/fine_tuning/jobs",
      "GET /v1/fine_tuning/jobs/ftjob-1/events?after=ev+1%26x",
      "GET /v1/fine_tuning/jobs/ftjob-1/checkpoints",
      "POST /v1/fine_tuning/jobs/ftjob-1/cancel",
      "POST /v1/fine_tuning/checkpoints/ft:gpt-4.1-mini:org:name:id/permissions",
    ]);
    expect(upstream.received[3]?.body).toEqual({ model: "gpt-4.1-mini", training_file: "file-1" });
  });

  test("hears a provider's error in the provider's words, without secrets", async () => {
    const { gateway, upstream } = await started();
    const error = {
      message: `Slow down, ${SECRET}`,
      type: "requests",
      param: null,
      code: "rate_limit_exceeded",
    };
    upstream.respond((_received, response) => sendJson(response, { error }, 429, { "retry-after": "7" }));
    const failure = await gateway.client.files.list().catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(OpenAI.RateLimitError);
    if (!(failure instanceof OpenAI.APIError)) return;
    expect(failure.message).toContain("Slow down, [redacted:");
    expect(failure.headers?.get("retry-after")).toBe("7");
  });

  test("hears that the gateway's own key was refused as a fault of the gateway's", async () => {
    const { gateway, upstream } = await started();
    upstream.respond((_received, response) =>
      sendJson(response, { error: { message: `Incorrect API key provided: ${SECRET}` } }, 401),
    );
    await expectRefused(await fetch(`${gateway.url}/v1/files`), {
      status: 502,
      type: "server_error",
      code: "upstream_auth_failed",
      param: null,
    });
  });
});

describe("who may", () => {
  const keys = {
    data: { secret: "data-key-of-the-test" },
    admin: { secret: "admin-key-of-the-test", admin: true },
  };
  const statusOf = async ({ url }: TestGateway, token?: string, headers = {}): Promise<number> => {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return (await fetch(`${url}/v1/files`, { headers: { ...authorization, ...headers } })).status;
  };

  test("the admin token and keys with the right; no other key", async () => {
    const server = { port: 0, adminToken: "admin-token-of-the-test" };
    const { gateway, upstream } = await started({ server, keys });
    const statuses = [];
    for (const token of [undefined, "unknown", keys.data.secret, keys.admin.secret, server.adminToken])
      statuses.push(await statusOf(gateway, token));
    expect(statuses).toEqual([401, 401, 403, 200, 200]);
    expect(upstream.received).toHaveLength(2);
    for (const { headers } of upstream.received) expect(headers.authorization).toBe(`Bearer ${SECRET}`);
  });

  test("without keys the machine itself, whatever key it gives, and no page of another site", async () => {
    const { gateway, upstream } = await started();
    expect(await statusOf(gateway)).toBe(200);
    expect(await statusOf(gateway, "unused")).toBe(200);
    expect(await statusOf(gateway, undefined, { origin: "https://evil.example" })).toBe(403);
    expect(await statusOf(gateway, "x", { "sec-fetch-site": "cross-site" })).toBe(403);
    const form = new FormData();
    form.set("purpose", "fine-tune");
    const foreign = { method: "POST", body: form, headers: { origin: "https://evil.example" } };
    expect((await fetch(`${gateway.url}/v1/files`, foreign)).status).toBe(403);
    expect(upstream.received).toHaveLength(2);
  });

  test("with client keys only, a client's key may not", async () => {
    const { gateway } = await started({ keys: { data: keys.data } });
    expect(await statusOf(gateway, keys.data.secret)).toBe(403);
    expect(await statusOf(gateway, "unknown")).toBe(401);
  });
});

describe("which provider", () => {
  async function several(tuning?: Readonly<Record<string, unknown>>) {
    const azure = await startUpstream((_received, response) => sendJson(response, FILE));
    const first = await startUpstream((_received, response) => sendJson(response, FILE));
    const providers = {
      main: { kind: "openai", apiKey: SECRET, baseURL: `${first.url}/v1` },
      azure: {
        kind: "azure-openai",
        apiKey: "key-of-azure-0123456789",
        endpoint: azure.url,
        apiVersion: "2024-10-21",
      },
      next: {
        kind: "azure-openai",
        apiKey: "key-of-azure-0123456789",
        endpoint: azure.url,
        apiVersion: "v1",
      },
      hub: { kind: "huggingface", apiKey: "hf_0123456789" },
      own: { kind: "openai-compatible", baseURL: first.url },
    };
    const { gateway } = await started({ providers, ...(tuning && { tuning }) }, first);
    const ask = (name?: string): Promise<Response> =>
      fetch(`${gateway.url}/v1/files?limit=1&api-version=1999-01-01`, {
        headers: name === undefined ? {} : { "x-crossover-provider": name },
      });
    return { azure, first, ask };
  }

  test("the one that is named; where several could be meant one has to be", async () => {
    const { azure, first, ask } = await several();
    await expectRefused(await ask(), {
      status: 400,
      code: "provider_required",
      param: "x-crossover-provider",
    });
    expect((await (await ask()).json()).error.message).toContain("`main`, `azure`, `next`");
    for (const name of ["hub", "own", "none", "constructor"])
      await expectRefused(await ask(name), {
        status: 400,
        code: "invalid_value",
        param: "x-crossover-provider",
      });
    expect((await ask("main")).status).toBe(200);
    expect(first.received.map(({ url }) => url)).toEqual(["/v1/files?limit=1&api-version=1999-01-01"]);
    expect((await ask("azure")).status).toBe(200);
    expect((await ask("next")).status).toBe(200);
    expect(azure.received.map(({ url }) => url)).toEqual([
      "/openai/files?limit=1&api-version=2024-10-21",
      "/openai/v1/files?limit=1",
    ]);
    for (const { headers } of azure.received) {
      expect(headers["api-key"]).toBe("key-of-azure-0123456789");
      expect(headers.authorization).toBeUndefined();
      expect(headers["x-crossover-provider"]).toBeUndefined();
    }
  });

  test("that of the configuration's tuning section", async () => {
    const { azure, ask } = await several({ provider: "azure" });
    expect((await ask()).status).toBe(200);
    expect(azure.received).toHaveLength(1);
  });

  test("none, where none can", async () => {
    const { gateway } = await started({
      providers: { main: { kind: "openai-compatible", baseURL: "http://127.0.0.1:9/v1" } },
    });
    await expectRefused(await fetch(`${gateway.url}/v1/files`), {
      status: 400,
      code: "provider_required",
      param: null,
    });
  });
});

describe("nothing else goes out", () => {
  test("of the client's headers only those that say what the body is", async () => {
    const { gateway, upstream } = await started();
    const { host } = new URL(gateway.url);
    const body = '{"model": "m", "training_file": "f"}';
    const answer = await sendRaw(
      gateway.url,
      [
        "POST /v1/fine_tuning/jobs HTTP/1.1",
        `Host: ${host}`,
        "Authorization: Bearer of-the-client",
        "api-key: of-the-client",
        "OpenAI-Organization: org-other",
        "OpenAI-Project: proj-other",
        "Cookie: a=b",
        "X-Forwarded-For: 1.2.3.4",
        "Proxy-Authorization: Basic x",
        "Connection: close, x-hop",
        "X-Hop: 1",
        "TE: trailers",
        "Content-Type: application/json",
        `Content-Length: ${body.length}`,
        "",
        body,
      ].join("\r\n"),
    );
    expect(answer.status).toBe(200);
    const [received] = upstream.received;
    const headers: IncomingHttpHeaders = received?.headers ?? {};
    expect(received?.body).toEqual({ model: "m", training_file: "f" });
    expect(headers).toMatchObject({ authorization: `Bearer ${SECRET}`, "openai-organization": "org-1" });
    for (const name of [
      "api-key",
      "cookie",
      "x-forwarded-for",
      "proxy-authorization",
      "x-hop",
      "te",
      "openai-project",
    ])
      expect([name, headers[name]]).toEqual([name, undefined]);
    expect(JSON.stringify(headers)).not.toContain("of-the-client");
  });

  test("no way to write an address leads to another one of the provider's", async () => {
    const { gateway, upstream } = await started();
    const { host } = new URL(gateway.url);
    const ways = [
      "/v1/files/../chat",
      "/v1/files/..",
      "/v1/files/%2e%2e/organization",
      "/v1/files/..%2fmodels",
      "/v1/files/%2e%2e%2fmodels",
      "/v1/files/a%2fb",
      "/v1/files/a%5cb",
      "/v1/files/a%3fb",
      "/v1/files/a%23b",
      "/v1/files/a%00",
      "/v1/files/a%0d%0ax",
      "/v1/files/%",
      "/v1/files/...",
      "/v1/files//x",
      "/v1/files/",
      "/v1/files/http:%2f%2fevil.example",
      "/v1/filesystem",
      "/v1/files;x",
      "/v1/fine_tuning",
      "/v1/fine_tuning/",
      "/v1/fine_tuning/../models/x",
      "/v1/fine_tuning//evil.example/x",
      "/v1/models/../files/../organization",
      "/V1/files",
      "//v1/files",
    ];
    for (const way of ways) {
      const { status } = await sendRaw(
        gateway.url,
        `GET ${way} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
      );
      expect([way, [400, 404].includes(status)]).toEqual([way, true]);
    }
    expect(upstream.received).toEqual([]);
  });

  test("other methods are refused, and redirects are not followed", async () => {
    const { gateway, upstream } = await started();
    for (const method of ["PUT", "PATCH", "OPTIONS"])
      expect((await fetch(`${gateway.url}/v1/files`, { method })).status).toBe(405);
    upstream.respond((_received, response) => {
      response.writeHead(302, { location: `${upstream.url}/v1/secret` }).end();
    });
    await expectRefused(await fetch(`${gateway.url}/v1/files/f/content`), {
      status: 502,
      type: "server_error",
      code: "upstream_bad_response",
      param: null,
    });
    expect(upstream.received).toHaveLength(1);
  });
});

test("an answer comes as data: no cookie, no script, nothing that says it may be kept", async () => {
  const { gateway, upstream } = await started();
  upstream.respond((_received, response) => {
    response
      .writeHead(200, {
        "content-type": "text/html",
        "content-disposition": 'attachment; filename="a.jsonl"',
        "set-cookie": "a=b",
        "access-control-allow-origin": "*",
        "x-request-id": "req_1",
        "cache-control": "public",
      })
      .end("<b>");
  });
  const { headers } = await fetch(`${gateway.url}/v1/files/f/content`);
  expect(Object.fromEntries(headers)).toMatchObject({
    "content-type": "text/html",
    "content-disposition": 'attachment; filename="a.jsonl"',
    "content-security-policy": "sandbox",
    "x-content-type-options": "nosniff",
    "x-crossover-upstream-request-id": "req_1",
    "cache-control": "no-store",
  });
  for (const name of ["set-cookie", "access-control-allow-origin"]) expect(headers.has(name)).toBe(false);
});

test("an answer without a body stays one", async () => {
  const { gateway, upstream } = await started();
  upstream.respond((_received, response) => {
    response.writeHead(204).end();
  });
  const answer = await fetch(`${gateway.url}/v1/files/f`, { method: "DELETE" });
  expect([answer.status, await answer.text()]).toEqual([204, ""]);
});

test("a provider that can't be reached, or breaks off before its answer, is not asked again by the SDK", async () => {
  const gateway = await startGateway(config(`http://127.0.0.1:${await freePort()}`));
  const job = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
  const answer = await fetch(`${gateway.url}/v1/fine_tuning/jobs`, job);
  expect(answer.headers.get("x-should-retry")).toBe("false");
  await expectRefused(answer, {
    status: 502,
    type: "server_error",
    code: "upstream_unreachable",
    param: null,
  });
  expect(gateway.logs.map(({ message }) => message)).toContain("pass-through failed");
});

/** A server that the test holds in its hands. */
async function startServer(
  take: (incoming: IncomingMessage, outgoing: ServerResponse) => void,
): Promise<string> {
  const server = createServer(take);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

describe("bodies are not held", () => {
  const MEBIBYTE = 1024 * 1024;

  test("a slow provider holds the client's upload back", async () => {
    let release = (): void => {};
    let bytes = 0;
    const url = await startServer((incoming, outgoing) => {
      release = () => {
        incoming.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
        });
        incoming.on("end", () => outgoing.writeHead(200, { "content-type": "application/json" }).end("{}"));
      };
    });
    const gateway = await startGateway(config(url));
    const chunk = Buffer.alloc(MEBIBYTE, 97);
    let given = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          if (given === 40) return controller.close();
          given++;
          controller.enqueue(chunk);
        },
      },
      { highWaterMark: 0 },
    );
    const answer = fetch(`${gateway.url}/v1/files`, {
      method: "POST",
      ...{ body, duplex: "half" },
      headers: { "content-type": "multipart/form-data; boundary=x" },
    });
    // It stands still: what the system's buffers and the gateway's hold is far from all.
    let before = -1;
    let same = 0;
    await until(() => {
      same = before === given && given > 0 ? same + 1 : 0;
      before = given;
      return same > 100;
    });
    expect(given).toBeLessThan(25);
    release();
    expect((await answer).status).toBe(200);
    expect(bytes).toBe(40 * MEBIBYTE);
  });

  test("a slow client holds the provider's answer back, and ends it when it leaves", async () => {
    let written = 0;
    let closed = false;
    const url = await startServer((_incoming, outgoing) => {
      outgoing.on("close", () => {
        closed = true;
      });
      const chunk = Buffer.alloc(MEBIBYTE, 97);
      const write = (): void => {
        while (written < 200 && !outgoing.destroyed) {
          written++;
          if (!outgoing.write(chunk)) return void outgoing.once("drain", write);
        }
      };
      write();
    });
    const gateway = await startGateway(config(url));
    const { hostname, port, host } = new URL(gateway.url);
    const socket = connect(Number(port), hostname);
    socket.pause();
    socket.write(`GET /v1/files/f/content HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    let before = -1;
    let same = 0;
    await until(() => {
      same = before === written && written > 0 ? same + 1 : 0;
      before = written;
      return same > 100;
    });
    expect(written).toBeLessThan(100);
    socket.destroy();
    await until(() => closed);
    await until(() =>
      gateway.metric("crossover_passthrough_requests_total", { provider: "main", status: "499" }),
    );
  });

  test("a client that leaves while it uploads ends the provider's request", async () => {
    let aborted = false;
    let begun = false;
    const url = await startServer((incoming) => {
      begun = true;
      incoming.resume();
      incoming.on("error", () => {});
      incoming.on("close", () => {
        aborted = !incoming.complete;
      });
    });
    const gateway = await startGateway(config(url));
    const { hostname, port, host } = new URL(gateway.url);
    const socket = connect(Number(port), hostname);
    socket.write(`POST /v1/files HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1000000\r\n\r\nabc`);
    await until(() => begun);
    socket.destroy();
    await until(() => aborted);
    expect(gateway.logs.filter(({ level }) => level === "error")).toEqual([]);
  });

  test("a body that turns out to be too large is cut off, and the client hears why", async () => {
    let bytes = 0;
    const url = await startServer((incoming) => {
      incoming.on("error", () => {});
      incoming.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
    });
    const { table, metrics, log } = (await startGateway(config(url))).gateway;
    const reply = new WebReply(new Request("http://localhost"), { begin: () => {}, end: () => {} }, 1000);
    const id = newRequestId();
    const passing = new PassThrough({ id, reply, table, metrics, log, mostBytes: 100_000 });
    let left = 100;
    const body = new ReadableStream<Uint8Array>({
      pull: (to) => (left-- > 0 ? to.enqueue(new Uint8Array(50_000)) : to.close()),
    });
    const headers = { "transfer-encoding": "chunked" };
    const init = { method: "POST", headers, body, duplex: "half" };
    await passing.run(new Request("http://localhost/v1/files", init)).catch((error) => passing.failed(error));
    await expectRefused(await reply.response, {
      status: 413,
      type: "invalid_request_error",
      code: "request_body_too_large",
      param: null,
    });
    expect(bytes).toBeLessThanOrEqual(100_000);
  });

  test("a body that is said to be too large is not taken at all", async () => {
    const { gateway, upstream } = await started();
    const { host } = new URL(gateway.url);
    const { status, body } = await sendRaw(
      gateway.url,
      `POST /v1/files HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Length: 600000000\r\n\r\nabc`,
    );
    expect([status, body]).toEqual([413, expect.stringContaining("request_body_too_large")]);
    expect(upstream.received).toEqual([]);
  });
});

test("a provider that breaks off its answer cuts the client's too", async () => {
  const url = await startServer((_incoming, outgoing) => {
    outgoing.writeHead(200, { "content-type": "text/plain", "content-length": "100" });
    outgoing.write("half of it");
    setImmediate(() => outgoing.destroy());
  });
  const gateway = await startGateway(config(url));
  await expect(fetch(`${gateway.url}/v1/files/f/content`).then((answer) => answer.text())).rejects.toThrow();
});
