import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { expectCalm, rawPost } from "../routes/black-box.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway, until } from "../support/gateway.ts";
import { chunk, type Respond, startStream, startUpstream } from "../support/upstream.ts";
import { askStream, drained } from "./streaming.ts";

/** The promise is 100 ms; the rest is room for a slow machine. */
const SOON_MS = 2000;

const ROLE = chunk({ role: "assistant", content: "" });
const WORD = chunk({ content: "word" });

/** A client on a connection of its own, so that its end is under control. */
async function ask(gateway: TestGateway, body: unknown): Promise<{ socket: Socket; text: () => string }> {
  const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
  let text = "";
  socket.on("data", (data) => {
    text += data.toString();
  });
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(rawPost(JSON.stringify(body)));
  onTestFinished(() => void socket.destroy());
  return { socket, text: () => text };
}

/** Counted as a client that left: no failure of the upstream's, nothing under way. */
async function expectLeft(gateway: TestGateway): Promise<void> {
  await until(async () => (await gateway.metric("crossover_inflight_requests")) === 0);
  const labels = { route: "bare", variant: "tuned" };
  const requests = (status?: string): Promise<number> =>
    gateway.metric("crossover_requests_total", status === undefined ? labels : { ...labels, status });
  expect([await requests("499"), await requests()]).toEqual([1, 1]);
  const attempts = (outcome?: string): Promise<number> =>
    gateway.metric(
      "crossover_upstream_attempts_total",
      outcome === undefined ? labels : { ...labels, outcome },
    );
  expect([await attempts("client_closed"), await attempts()]).toEqual([1, 1]);
  await expectCalm(gateway);
}

const answers: readonly (readonly [string, boolean, Respond, string])[] = [
  ["before a stream begins", true, () => {}, ""],
  ["before an unstreamed answer begins", false, () => {}, ""],
  [
    "after the head of a stream, before its first event",
    true,
    (_received, response) => startStream(response),
    "",
  ],
  [
    "after the chunk with the role",
    true,
    (_received, response) => {
      startStream(response);
      response.write(ROLE);
    },
    ROLE.trimEnd(),
  ],
  [
    "in the middle of a stream that is silent",
    true,
    (_received, response) => {
      startStream(response);
      response.write(ROLE + WORD);
    },
    WORD.trimEnd(),
  ],
  [
    "in the middle of a stream that goes on",
    true,
    (_received, response) => {
      startStream(response);
      const timer = setInterval(() => response.write(WORD), 1);
      response.on("close", () => clearInterval(timer));
    },
    WORD.trimEnd(),
  ],
  [
    "in the middle of an event",
    true,
    (_received, response) => {
      startStream(response);
      response.write(WORD + WORD.slice(0, 20));
    },
    WORD.trimEnd(),
  ],
];

for (const [how, leave] of [
  ["closes", (socket: Socket): void => void socket.destroy()],
  ["resets", (socket: Socket): void => void socket.resetAndDestroy()],
] as const) {
  test.each(answers)(
    `a client that ${how} its connection ends the upstream's call: %s`,
    async (_name, stream, respond, seen) => {
      const upstream = await startUpstream(respond);
      const gateway = await startGateway(twoPaths(upstream.url));
      const { socket, text } = await ask(gateway, { ...askStream(), stream });
      await until(() => upstream.received.length === 1 && text().includes(seen));
      leave(socket);
      await until(() => upstream.received[0]?.aborted(), SOON_MS);
      await expectLeft(gateway);
    },
  );
}

test("a client that leaves while its first chunks are held ends the upstream's call", async () => {
  let written = false;
  const upstream = await startUpstream((_received, response) => {
    startStream(response);
    response.write(ROLE, () => {
      written = true;
    });
  });
  const gateway = await startGateway(twoPaths(upstream.url));
  const { socket, text } = await ask(gateway, askStream());
  await until(() => written);
  expect(text()).toBe("");
  socket.destroy();
  await until(() => upstream.received[0]?.aborted(), SOON_MS);
  await expectLeft(gateway);
});

test("a client that leaves in the middle of an unstreamed answer ends the upstream's call", async () => {
  let written = false;
  const upstream = await startUpstream((_received, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.write('{"id":', () => {
      written = true;
    });
  });
  const gateway = await startGateway(twoPaths(upstream.url));
  const { socket } = await ask(gateway, { ...askStream(), stream: false });
  await until(() => written);
  socket.destroy();
  await until(() => upstream.received[0]?.aborted(), SOON_MS);
  await expectLeft(gateway);
});

test("a client that leaves while it reads nothing ends the upstream's call", async () => {
  const flood = chunk({ content: "x".repeat(16_000) });
  let full = 0;
  const upstream = await startUpstream(async (_received, response) => {
    startStream(response);
    while (!response.destroyed) {
      if (response.write(flood)) continue;
      full++;
      await drained(response);
    }
  });
  const gateway = await startGateway(twoPaths(upstream.url));
  const { socket } = await ask(gateway, askStream());
  await once(socket, "data");
  socket.pause();
  let last = { full, at: performance.now() };
  await until(() => {
    if (full !== last.full) last = { full, at: performance.now() };
    return performance.now() - last.at > 200;
  });
  socket.destroy();
  await until(() => upstream.received[0]?.aborted(), SOON_MS);
  await expectLeft(gateway);
});

test("nobody else is called for a client that has left", async () => {
  const upstream = await startUpstream((_received, response) => {
    startStream(response);
    response.write(ROLE);
  });
  const other = await startUpstream();
  const config = twoPaths(upstream.url);
  const gateway = await startGateway({
    ...config,
    providers: {
      up: { kind: "openai-compatible", baseURL: `${upstream.url}/v1` },
      other: { kind: "openai-compatible", baseURL: `${other.url}/v1` },
    },
    models: { base: { provider: "other", model: "base-model" }, ft: { provider: "up", model: "ft" } },
    variants: {
      prompted: { model: "base", prompt: "helper" },
      tuned: { model: "ft", fallback: ["prompted"] },
    },
  });
  const { socket } = await ask(gateway, askStream());
  await until(() => upstream.received.length === 1);
  socket.destroy();
  await until(() => upstream.received[0]?.aborted(), SOON_MS);
  await expectLeft(gateway);
  expect(other.received).toEqual([]);
  expect(await gateway.metric("crossover_fallbacks_total")).toBe(0);
});
