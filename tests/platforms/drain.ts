import { expect } from "vitest";
import { twoPaths } from "../support/config.ts";
import { until } from "../support/gateway.ts";
import { chunk, DONE, startStream, startUpstream } from "../support/upstream.ts";
import type { Child } from "./child.ts";

interface Serving {
  readonly child: Child;
  readonly url: string;
}

/** After SIGTERM a gateway tells those who come that it stops, lets a stream under way finish, and exits with 0. */
export async function expectDrained(start: (config: unknown) => Promise<Serving>): Promise<void> {
  const upstream = await startUpstream();
  let goOn = (): void => {};
  upstream.respond(async (_received, response) => {
    startStream(response);
    response.write(chunk({ content: "first" }));
    await new Promise<void>((resolve) => {
      goOn = resolve;
    });
    response.end(chunk({ content: "last" }) + chunk({}, "stop") + DONE);
  });
  const { child, url } = await start(twoPaths(upstream.url));
  const ask = (): Promise<Response> =>
    fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "bare", messages: [{ role: "user", content: "Hi" }], stream: true }),
    });
  const answer = await ask();
  const parts = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  expect((await parts?.read())?.value).toContain("first");
  child.process.kill("SIGTERM");
  await until(async () => (await fetch(`${url}/health/ready`)).status === 503);
  expect((await fetch(`${url}/health/live`)).status).toBe(200);
  const late = await ask();
  expect([late.status, late.headers.get("retry-after")]).toEqual([503, "1"]);
  expect((await late.json()).error.code).toBe("gateway_draining");
  expect(child.hasEnded()).toBe(false);
  goOn();
  let rest = "";
  for (let part = await parts?.read(); part?.value !== undefined; part = await parts?.read())
    rest += part.value;
  expect(rest).toBe(chunk({ content: "last" }) + chunk({}, "stop") + DONE);
  expect(await child.ended).toBe(0);
  expect(child.stdout()).toContain('"signal":"SIGTERM"');
}
