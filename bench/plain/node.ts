import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { Pool } from "undici";
import { prompted } from "./prompted.ts";

// The least that a gateway on Node does: take a request, put a prompt before it, send it on, pass the answer back.
// It has no rules, keys, metrics, log or timeouts, and cuts the connection when something fails.
const upstream = new Pool(String(process.env["BENCH_UPSTREAM"]));

createServer(async (request, response) => {
  try {
    const body = prompted(await text(request));
    const headers = { "content-type": "application/json" };
    await upstream.stream({ path: "/v1/chat/completions", method: "POST", headers, body }, (answer) =>
      response.writeHead(answer.statusCode, { "content-type": String(answer.headers["content-type"]) }),
    );
  } catch {
    response.destroy();
  }
}).listen(Number(process.env["PORT"]), "127.0.0.1");
