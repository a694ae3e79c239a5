import { createHmac } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { parseObject } from "../../src/domain/json.ts";
import type { LogFields } from "../../src/metrics/log.ts";
import { changeDocument } from "../../src/rollouts/document.ts";
import { type Change, NOTHING_KNOWN, type Run } from "../../src/rollouts/run.ts";
import { changeToDocument } from "../../src/rollouts/to-document.ts";
import { paused, promoted, rolledBack } from "../../src/rollouts/transitions.ts";
import { Webhooks } from "../../src/rollouts/webhook.ts";
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
    onEnd: (result) => ended.push(result),
    waitsMs,
  });
  onTestFinished(() => sender.close());
  return { sender, ended, logs };
}

test("a rollback is told with its verdict, signed, so that who hears it knows who speaks", async () => {
  const upstream = await startUpstream();
  const { sender, ended } = webhooks();
  const { run: after, change } = rolledBack(run({ percent: 25 }), deed, { verdict });
  sender.tell({ url: `${upstream.url}/hook`, secret: "s3cret" }, after, change);
  await until(() => ended.length > 0);
  expect(ended).toEqual(["delivered"]);
  const [received] = upstream.received;
  expect(received?.body).toMatchObject({
    type: "rollout.rolled_back",
    created: new Date(BEGAN).toISOString(),
    control: "prompted",
    candidate: "tuned",
    cause: null,
    ...changeToDocument(change),
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
  const { sender, ended } = webhooks();
  const { run: after, change } = rolledBack(run(), deed, { verdict });
  sender.tell({ url: upstream.url, secret: undefined }, after, change);
  await until(() => ended.length > 0);
  const shown = codeBlocks("docs/rollouts.md", "json").map(({ text }) => parseObject(text));
  const [body] = shown.filter((one) => one?.["type"] === "rollout.rolled_back");
  expect(Object.keys(body ?? {}).sort()).toEqual(Object.keys(upstream.received[0]?.body ?? {}).sort());
  expect(changeDocument.loose().parse(body)).toEqual(body);
});

test("what fails is sent again, the same, and given up after all tries; nothing of the address is logged", async () => {
  const upstream = await startUpstream((_received, response) => sendJson(response, {}, 500));
  const { sender, ended, logs } = webhooks();
  const { run: after, change } = promoted(run(), "proved", deed);
  sender.tell({ url: `${upstream.url}/hook?token=hidden`, secret: undefined }, after, change);
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
  const { sender, ended, logs } = webhooks([2, 1]);
  const { run: after, change } = promoted(run(), "proved", deed);
  sender.tell({ url: upstream.url, secret: undefined }, after, change);
  await until(() => ended.length > 0);
  expect(ended).toEqual(["delivered"]);
  expect(logs).toEqual([
    expect.objectContaining({ tries: 1, note: "try 1 of 3 failed, next in 0.002 s" }),
    { rollout: "to-tuned", event: "chg_1", tries: 2 },
  ]);
});

test("what waits for its next try when the gateway stops is told of, and counts as failed", async () => {
  const upstream = await startUpstream((_received, response) => sendJson(response, {}, 500));
  const { sender, ended, logs } = webhooks([600_000]);
  const { run: after, change } = promoted(run(), "proved", deed);
  sender.tell({ url: upstream.url, secret: undefined }, after, change);
  await until(() => logs.length === 1);
  await sender.close();
  expect(ended).toEqual(["failed"]);
  expect(logs[1]).toEqual({ rollout: "to-tuned", event: "chg_1", tries: 1, problem: "the gateway stops" });
});

test("who does not listen is told of with the system's code", async () => {
  const { sender, ended, logs } = webhooks([]);
  const { run: after, change } = promoted(run(), "proved", deed);
  sender.tell({ url: "http://127.0.0.1:1/hook?token=hidden", secret: undefined }, after, change);
  await until(() => ended.length > 0);
  expect(logs[0]?.["problem"]).toMatch(/^(ECONNREFUSED|TypeError)$/);
});

test("a receiver that comes back hears of it", async () => {
  let failures = 2;
  const upstream = await startUpstream((_received, response) =>
    sendJson(response, {}, failures-- > 0 ? 503 : 200),
  );
  const { sender, ended } = webhooks();
  const { run: after, change } = promoted(run(), "proved", deed);
  sender.tell({ url: upstream.url, secret: undefined }, after, change);
  await until(() => ended.length > 0);
  expect(ended).toEqual(["delivered"]);
});

test("a pause is told unless a person made it", async () => {
  const upstream = await startUpstream();
  const { sender, ended } = webhooks();
  const tell = ({ run: after, change }: { readonly run: Run; readonly change: Change }) =>
    sender.tell({ url: upstream.url, secret: undefined }, after, change);
  tell(paused(run(), "person", deed));
  tell(paused(run(), "sample_ratio", deed));
  await until(() => ended.length > 0);
  await sender.close();
  expect(upstream.received.map(({ body }) => [body["type"], body["cause"]])).toEqual([
    ["rollout.paused", "sample_ratio"],
  ]);
});

test("closing waits for nobody", async () => {
  const upstream = await startUpstream(() => {});
  const { sender, ended } = webhooks([60_000]);
  const { run: after, change } = promoted(run(), "proved", deed);
  sender.tell({ url: upstream.url, secret: undefined }, after, change);
  await until(() => upstream.received.length > 0);
  await sender.close();
  expect(ended).toEqual(["failed"]);
});
