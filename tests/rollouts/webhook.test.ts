import { createHmac } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { parseObject } from "../../src/domain/json.ts";
import type { WebhookSettings } from "../../src/domain/rollout.ts";
import type { LogFields } from "../../src/metrics/log.ts";
import { changeDocument } from "../../src/rollouts/document.ts";
import { NOTHING_KNOWN } from "../../src/rollouts/run.ts";
import { changeToDocument } from "../../src/rollouts/to-document.ts";
import { type Changed, paused, promoted, rolledBack } from "../../src/rollouts/transitions.ts";
import { eventOf, Webhooks } from "../../src/rollouts/webhook.ts";
import { codeBlocks } from "../support/markdown.ts";
import { until } from "../support/until.ts";
import { sendJson, startUpstream } from "../support/upstream.ts";
import { BEGAN, evidence, run } from "./runs.ts";

const deed = { id: "chg_1", at: BEGAN, by: "crossover", ...NOTHING_KNOWN, evidence: [evidence()] };
const verdict = { guardrail: "errors", seq: 3, observation: 70, evidence: evidence(), candidateRequests: 9 };

function webhooks(waitsMs: readonly number[] = [1, 1]) {
  const ended: string[] = [];
  const logs: LogFields[] = [];
  const sender = new Webhooks({
    log: (_level, _message, fields) => typeof fields === "object" && logs.push(fields),
    onEnd: async (_event, end) => {
      ended.push(end);
    },
    waitsMs,
  });
  onTestFinished(() => sender.close());
  const tell = (to: WebhookSettings, { run: after, change }: Changed): void => {
    const event = eventOf(after, change);
    if (event !== undefined) sender.send(to, event);
  };
  return { sender, tell, ended, logs };
}

test("a rollback is told with its verdict, signed, so that who hears it knows who speaks", async () => {
  const upstream = await startUpstream();
  const { tell, ended } = webhooks();
  const changed = rolledBack(run({ percent: 25 }), deed, { verdict });
  tell({ url: `${upstream.url}/hook`, secret: "s3cret" }, changed);
  await until(() => ended.length > 0);
  expect(ended).toEqual(["delivered"]);
  const [received] = upstream.received;
  expect(received?.body).toMatchObject({
    type: "rollout.rolled_back",
    created: new Date(BEGAN).toISOString(),
    control: "prompted",
    candidate: "tuned",
    cause: null,
    ...changeToDocument(changed.change),
  });
  expect(received?.body["verdict"]).toMatchObject({
    guardrail: "errors",
    observation: 70,
    candidate_requests: 9,
  });
  const signature = createHmac("sha256", "s3cret")
    .update(received?.text ?? "")
    .digest("hex");
  expect(received?.headers["x-crossover-signature"]).toBe(`sha256=${signature}`);
  expect(received?.headers["x-crossover-event"]).toBe("chg_1");
});

test("the page has a body of this form", async () => {
  const upstream = await startUpstream();
  const { tell, ended } = webhooks();
  tell({ url: upstream.url, secret: undefined }, rolledBack(run(), deed, { verdict }));
  await until(() => ended.length > 0);
  const shown = codeBlocks("docs/rollouts.md", "json").map(({ text }) => parseObject(text));
  const [body] = shown.filter((one) => one?.["type"] === "rollout.rolled_back");
  expect(Object.keys(body ?? {}).sort()).toEqual(Object.keys(upstream.received[0]?.body ?? {}).sort());
  expect(changeDocument.loose().parse(body)).toEqual(body);
});

test("what fails is sent again, the same, and given up after all tries; nothing of the address is logged", async () => {
  const upstream = await startUpstream((_received, response) => sendJson(response, {}, 500));
  const { tell, ended, logs } = webhooks();
  tell({ url: `${upstream.url}/hook?token=hidden`, secret: undefined }, promoted(run(), "proved", deed));
  await until(() => ended.length > 0);
  expect(ended).toEqual(["failed"]);
  expect(new Set(upstream.received.map(({ text }) => text)).size).toBe(1);
  expect(upstream.received).toHaveLength(3);
  expect(upstream.received[0]?.headers["x-crossover-signature"]).toBeUndefined();
  expect(logs.at(-1)).toMatchObject({ rollout: "to-tuned", event: "chg_1", tries: 3 });
  expect(JSON.stringify(logs)).not.toContain("hidden");
});

test("what was delivered after all is told of, and when it is tried next", async () => {
  let calls = 0;
  const upstream = await startUpstream((_received, response) =>
    sendJson(response, {}, ++calls === 1 ? 500 : 200),
  );
  const { tell, ended, logs } = webhooks([2, 1]);
  tell({ url: upstream.url, secret: undefined }, promoted(run(), "proved", deed));
  await until(() => ended.length > 0);
  expect(ended).toEqual(["delivered"]);
  expect(logs).toEqual([
    expect.objectContaining({ tries: 1, note: "try 1 of 3 failed, next in 0.002 s" }),
    { rollout: "to-tuned", event: "chg_1", tries: 2 },
  ]);
});

test("what waits for its next try when the gateway stops is left to another, and has not failed", async () => {
  const upstream = await startUpstream((_received, response) => sendJson(response, {}, 500));
  const { sender, tell, ended, logs } = webhooks([600_000]);
  tell({ url: upstream.url, secret: undefined }, promoted(run(), "proved", deed));
  await until(() => logs.length === 1);
  await sender.close();
  expect(ended).toEqual(["left"]);
  expect(logs[1]).toEqual({ rollout: "to-tuned", event: "chg_1", tries: 1 });
});

test("who does not listen is told of with the system's code", async () => {
  const { tell, ended, logs } = webhooks([]);
  tell({ url: "http://127.0.0.1:1/hook?token=hidden", secret: undefined }, promoted(run(), "proved", deed));
  await until(() => ended.length > 0);
  expect(logs[0]?.["problem"]).toMatch(/^(ECONNREFUSED|TypeError)$/);
});

test("a receiver that comes back hears of it", async () => {
  let failures = 2;
  const upstream = await startUpstream((_received, response) =>
    sendJson(response, {}, failures-- > 0 ? 503 : 200),
  );
  const { tell, ended } = webhooks();
  tell({ url: upstream.url, secret: undefined }, promoted(run(), "proved", deed));
  await until(() => ended.length > 0);
  expect(ended).toEqual(["delivered"]);
});

test("a pause is told unless a person made it", async () => {
  const upstream = await startUpstream();
  const { sender, tell, ended } = webhooks();
  const to = { url: upstream.url, secret: undefined };
  tell(to, paused(run(), "person", deed));
  tell(to, paused(run(), "sample_ratio", deed));
  await until(() => ended.length > 0);
  await sender.close();
  expect(upstream.received.map(({ body }) => [body["type"], body["cause"]])).toEqual([
    ["rollout.paused", "sample_ratio"],
  ]);
});

test("closing waits for nobody", async () => {
  const upstream = await startUpstream(() => {});
  const { sender, tell, ended } = webhooks([60_000]);
  tell({ url: upstream.url, secret: undefined }, promoted(run(), "proved", deed));
  await until(() => upstream.received.length > 0);
  await sender.close();
  expect(ended).toEqual(["left"]);
});

test("an event that is on its way is not sent beside", async () => {
  const upstream = await startUpstream(() => {});
  const { tell } = webhooks([60_000]);
  const to = { url: upstream.url, secret: undefined };
  for (let i = 0; i < 3; i++) tell(to, promoted(run(), "proved", deed));
  tell(to, promoted(run(), "proved", { ...deed, id: "chg_2" }));
  await until(() => upstream.received.some(({ headers }) => headers["x-crossover-event"] === "chg_2"));
  expect(upstream.received).toHaveLength(2);
});
