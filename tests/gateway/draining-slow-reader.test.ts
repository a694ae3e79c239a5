import { once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { rawPost } from "../routes/black-box.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, until } from "../support/gateway.ts";
import { completion, sendJson, startUpstream } from "../support/upstream.ts";
import { ASK } from "./failing.ts";

test.each(["close", "keep-alive"])(
  "draining cuts no answer that its client has yet to read: %s",
  async (connection) => {
    const content = "x".repeat(30 * 1024 * 1024);
    const upstream = await startUpstream((_received, response) => sendJson(response, completion(content)));
    const gateway = await startGateway(twoPaths(upstream.url));
    const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    socket.pause();
    socket.write(
      String(rawPost(JSON.stringify(ASK))).replace("Connection: close", `Connection: ${connection}`),
    );
    await until(() => gateway.logs.some(({ fields }) => fields["status"] === 200));
    const closed = gateway.close(20_000);
    let length = 0;
    socket.on("data", (bytes) => {
      length += bytes.length;
    });
    socket.resume();
    await once(socket, "close");
    expect(length).toBeGreaterThan(content.length);
    await closed;
  },
);
