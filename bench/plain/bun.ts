import { prompted } from "./prompted.ts";

/** The part of Bun's server that is used here. */
declare const Bun: {
  serve(options: {
    readonly hostname: string;
    readonly port: number;
    readonly idleTimeout: number;
    readonly fetch: (request: Request) => Promise<Response>;
  }): unknown;
};

// The least that a gateway on Bun does, as the one on Node beside this file: with Bun's own `fetch`, which passes an
// answer on without its coming into JavaScript.
const url = `${process.env["BENCH_UPSTREAM"]}/v1/chat/completions`;

Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env["PORT"]),
  idleTimeout: 0,
  fetch: async (request) => {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: prompted(await request.text()),
    });
    const headers = { "content-type": answer.headers.get("content-type") ?? "" };
    return new Response(answer.body, { status: answer.status, headers });
  },
});
