import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { until } from "../support/gateway.ts";
import { chunk, startStream } from "../support/upstream.ts";
import { type Running, startSuite } from "./suite.ts";

/**
 * A client that leaves while nothing moves: the gateway must notice by itself and abort the upstream.
 * @param leave how the client's connection ends
 */
export function disconnects(
  platform: string,
  start: (config: unknown) => Promise<Running>,
  leave: (socket: Socket) => void,
): void {
  describe(`a client that leaves a gateway on ${platform}`, () => {
    const suite = startSuite(start);
    const { metric } = suite;

    /** Sends a request on a connection of its own. @param sent the part of the body that is sent */
    const send = async (body: string, sent = body): Promise<Socket> => {
      const { hostname, port } = new URL(suite.url);
      const socket = connect(Number(port), hostname);
      socket.on("error", () => {});
      await once(socket, "connect");
      const head = `host: ${hostname}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
      socket.write(`POST /v1/chat/completions HTTP/1.1\r\n${head}\r\n\r\n${sent}`);
      return socket;
    };
    const askBare = (more: Readonly<Record<string, unknown>> = {}): string =>
      JSON.stringify({ model: "bare", messages: [{ role: "user", content: "Why?" }], ...more });
    const countsAsLeft = async (before: number): Promise<void> => {
      await until(async () => (await metric("crossover_requests_total", { status: "499" })) === before + 1);
      await until(async () => (await metric("crossover_inflight_requests")) === 0);
      expect(await metric("crossover_requests_total", { status: "500" })).toBe(0);
    };

    test("in the middle of a stream aborts the upstream", async () => {
      suite.upstream.respond = (_received, response) => {
        startStream(response);
        response.write(chunk({ content: "first" }));
      };
      const before = await metric("crossover_requests_total", { status: "499" });
      const socket = await send(askBare({ stream: true }));
      await once(socket, "data");
      leave(socket);
      await until(() => suite.upstream.received[0]?.aborted());
      await countsAsLeft(before);
    });

    test.each([true, false])("before the answer begins aborts the upstream (stream: %s)", async (stream) => {
      suite.upstream.respond = () => {};
      const before = await metric("crossover_requests_total", { status: "499" });
      const socket = await send(askBare({ stream }));
      await until(() => suite.upstream.received.length === 1);
      leave(socket);
      await until(() => suite.upstream.received[0]?.aborted());
      await countsAsLeft(before);
    });

    test("while it is still sending is no failure of the gateway, and calls nobody", async () => {
      const before = await metric("crossover_requests_total", { status: "499" });
      const socket = await send(askBare(), askBare().slice(0, 20));
      await until(async () => (await metric("crossover_inflight_requests")) === 1);
      leave(socket);
      await countsAsLeft(before);
      expect(suite.upstream.received).toHaveLength(0);
    });
  });
}
