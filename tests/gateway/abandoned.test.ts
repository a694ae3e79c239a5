import { expect, test, vi } from "vitest";
import { WebReply } from "../../src/transport/web-exchange.ts";
import { listening, openWeb } from "../../src/web.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway } from "../support/gateway.ts";
import { startUpstream } from "../support/upstream.ts";
import { ASK } from "./failing.ts";

const broken = (): never => {
  throw new Error("broken on purpose");
};

test("a request whose failure can't be told ends alone, and the log tells of it", async () => {
  const gateway = await startGateway(twoPaths((await startUpstream()).url));
  const recorded = vi.spyOn(gateway.gateway.metrics, "requestEnded").mockImplementation(broken);
  await gateway.post(ASK).catch(() => {});
  expect(gateway.logs.at(-1)).toMatchObject({ level: "error", message: "internal error" });
  expect(gateway.logs.at(-1)?.fields["error"]).toContain("broken on purpose");
  expect(gateway.logs.at(-1)?.fields["request_id"]).toMatch(/^cx_/);
  recorded.mockRestore();
  expect((await gateway.post(ASK)).status).toBe(200);
});

test("with web objects a request without an answer is an empty 500", async () => {
  const { gateway } = await startGateway(twoPaths((await startUpstream()).url));
  const request = new Request("http://gateway/", { method: "POST", body: JSON.stringify({ model: 1 }) });
  const work: Promise<void>[] = [];
  const { inbound, reply, respond } = openWeb(request, listening, { clientTimeout: 60_000 }, (one) =>
    work.push(one),
  );
  vi.spyOn(reply, "send").mockImplementation(broken);
  const answer = await respond(gateway.chat(inbound, reply));
  expect([answer.status, await answer.text()]).toEqual([500, ""]);
  await Promise.all(work);
});

test("with web objects a stream that has begun is cut", async () => {
  const reply = new WebReply(new Request("http://gateway/"), listening, 60_000);
  reply.start(200, {});
  reply.write("half an");
  reply.abandon();
  const answer = await reply.response;
  expect(answer.status).toBe(200);
  await expect(answer.text()).rejects.toThrow("abandoned");
});
