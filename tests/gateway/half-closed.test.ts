import { connect, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { rawPost } from "../routes/black-box.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, until } from "../support/gateway.ts";
import { chunk, completion, DONE, sendJson, startStream, startUpstream } from "../support/upstream.ts";
import { ASK, ASK_STREAM } from "./failing.ts";

interface HalfClosed {
  readonly text: () => string;
  readonly socket: Socket;
}

/** Sends a request and no more: the writing side is shut. */
function askAndShut(url: string, body: unknown): HalfClosed {
  const socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1", allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  let text = "";
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    text += String(bytes);
  });
  socket.end(rawPost(JSON.stringify(body)));
  return { socket, text: () => text };
}

test("a client that shuts its writing side still gets its whole answer", async () => {
  const upstream = await startUpstream((_received, response) => {
    setTimeout(() => sendJson(response, completion("late")), 300);
  });
  const gateway = await startGateway(twoPaths(upstream.url));
  const { socket, text } = askAndShut(gateway.url, ASK);
  await until(() => socket.closed || text().includes("late"));
  expect(text()).toMatch(/HTTP\/1\.1 200 OK\r\n[\s\S]*late/);
  expect(await gateway.metric("crossover_requests_total", { status: "200" })).toBe(1);
});

test("a client that shuts its writing side still gets its whole stream", async () => {
  let goOn = (): void => {};
  const upstream = await startUpstream((_received, response) => {
    startStream(response);
    response.write(chunk({ content: "first" }));
    goOn = () => void response.end(chunk({ content: "last" }) + chunk({}, "stop") + DONE);
  });
  const gateway = await startGateway(twoPaths(upstream.url));
  const { text, socket } = askAndShut(gateway.url, ASK_STREAM);
  await until(() => socket.closed || text().includes("first"));
  setTimeout(goOn, 300);
  await until(() => socket.closed || text().includes("[DONE]"));
  expect(text()).toContain("last");
  expect(await gateway.metric("crossover_requests_total", { status: "200" })).toBe(1);
});
