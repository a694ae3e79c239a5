import { createServer, type ServerResponse } from "node:http";
import { DONE_EVENT, event, USAGE_EVENT } from "./sample.ts";

// A mock upstream that streams: `node bench/stream-upstream.ts PORT CONTENT_EVENTS INTERVAL_MS`.
const [port = 0, contentEvents = 0, intervalMs = 0] = process.argv.slice(2).map(Number);

const first = event({ role: "assistant", content: "" }) + event({ content: "We" });
const further = Buffer.from(event({ content: " will" }));
const last = event({}, "stop") + USAGE_EVENT + DONE_EVENT;

createServer((request, response) => {
  request.resume();
  request.once("end", () => stream(response));
}).listen(port, "127.0.0.1", 4096);

/** The first content at once, then one event an interval. */
function stream(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  response.write(first);
  let left = contentEvents - 1;
  const timer = setInterval(() => {
    if (left > 0) {
      left--;
      response.write(further);
      return;
    }
    clearInterval(timer);
    response.end(last);
  }, intervalMs);
  response.once("close", () => clearInterval(timer));
}
