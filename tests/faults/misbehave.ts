import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../support/until.ts";
import type { Bench } from "./bench.ts";
import { CANARIES } from "./canaries.ts";
import { type Asking, bodyOf, NOTHING, type Seen } from "./client.ts";
import { type Client, slugOf } from "./row.ts";

/** Asks over a bare socket and does what no SDK does. */
export async function misbehave(bench: Bench, asking: Asking, client: Client): Promise<Seen> {
  const socket = connect(Number(new URL(bench.gateway.url).port), "127.0.0.1");
  socket.on("error", () => {});
  socket.setEncoding("utf8");
  if (client === "closes its half after the request") {
    socket.end(requestOf(asking));
    return read(await allOf(socket));
  }
  if (client === "reads nothing, then leaves") socket.pause();
  socket.write(requestOf(asking));
  await untilItLeaves(bench, slugOf(asking), client, socket);
  socket.destroy();
  return NOTHING;
}

type Leaving = Exclude<Client, "closes its half after the request">;

async function untilItLeaves(
  { gateway, upstream }: Bench,
  slug: string,
  client: Leaving,
  socket: Socket,
): Promise<void> {
  switch (client) {
    case "leaves before the answer":
      await until(() => upstream.calls(slug).length === 1);
      return;
    case "leaves while a retry waits":
      await until(() => gateway.log().some(({ ["variant"]: variant }) => variant === slug));
      return;
    case "leaves in the middle":
      await once(socket, "data");
      return;
    case "reads nothing, then leaves":
      await until(() => upstream.sent(slug) > 0);
      return untilQuiet(() => upstream.sent(slug));
  }
}

async function allOf(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (part) => {
    text += part;
  });
  await once(socket, "close");
  return text;
}

function requestOf(asking: Asking): string {
  const body = JSON.stringify(bodyOf(asking, asking.stream ?? false));
  const lines = [
    "POST /v1/chat/completions HTTP/1.1",
    "host: gateway.test",
    "connection: close",
    `authorization: Bearer ${CANARIES.client}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

/** Waits until a number has not changed for half a second. */
async function untilQuiet(number: () => number): Promise<void> {
  for (let last = -1; last !== number(); await sleep(500)) last = number();
}

/** What is told before the answer itself, such as `102 Processing`, is passed over. */
function read(told: string): Seen {
  const text = told.replace(/^(HTTP\/1\.1 1\d\d [^\n]*\n([^\r\n]+\r\n)*\r\n)*/, "");
  const split = text.indexOf("\r\n\r\n");
  const [statusLine = "", ...lines] = text.slice(0, Math.max(0, split)).split("\r\n");
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const body = text.slice(split + 4);
  const content = /"content":"([^"]*)"/.exec(body)?.[1] ?? "";
  return { ...NOTHING, status: Number(statusLine.split(" ")[1] ?? 0), headers, body, content };
}
