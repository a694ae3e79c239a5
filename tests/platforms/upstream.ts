import { createServer, type ServerResponse } from "node:http";
import { completion, type Received, type Respond, respondStream, sendJson } from "../support/upstream.ts";

/** An upstream double for a whole suite: it lives as long as the gateway in front of it. */
export interface SuiteUpstream {
  readonly url: string;
  readonly received: Received[];
  /** How the next requests are answered; "default" again after each test. */
  respond: Respond;
  reset(): void;
  close(): void;
}

/** Streams when it is asked to, and else answers at once. */
const byDefault: Respond = (received, response): void | Promise<void> =>
  received.body["stream"] === true
    ? respondStream(["one ", "two"])(received, response)
    : sendJson(response, completion("ok"));

export async function startSuiteUpstream(): Promise<SuiteUpstream> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.once("end", () => {
      const text = Buffer.concat(parts).toString("utf8");
      const one: Received = {
        method: request.method ?? "",
        url: request.url ?? "",
        headers: request.headers,
        text,
        body: text === "" ? {} : JSON.parse(text),
        aborted: abortedOf(response),
      };
      upstream.received.push(one);
      void upstream.respond(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("the upstream listens on no port");
  const upstream: SuiteUpstream = {
    url: `http://127.0.0.1:${address.port}`,
    received: [],
    respond: byDefault,
    reset: () => {
      upstream.received.length = 0;
      upstream.respond = byDefault;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return upstream;
}

function abortedOf(response: ServerResponse): () => boolean {
  let aborted = false;
  response.on("close", () => {
    aborted = !response.writableFinished;
  });
  return () => aborted;
}
