import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { rebuild } from "../../src/gateway/rebuild.ts";
import { openStore } from "../../src/store/open.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway } from "../support/gateway.ts";
import { chunk, completion, DONE, sendJson, startStream, startUpstream } from "../support/upstream.ts";
import { ASK } from "./failing.ts";

const CANARY = "sk-proj-Zq8vN2mXw5Lr7TbKc3Yd9HfJ4GsP6aUe1RoWiVtBnMxCyQz";
const UPSTREAM_KEY = "upstream's-own-passphrase-42";

/** All bytes of all files in a folder. */
function bytesIn(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  return files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), "latin1")).join("\n");
}

test("captures come into the store's thread, are redacted there, and no file holds a secret", async () => {
  const upstream = await startUpstream((received, response) => {
    if (received.body["stream"] !== true) return sendJson(response, completion(`Your key: ${UPSTREAM_KEY}`));
    startStream(response);
    response.write(chunk({ content: `Streamed ${CANARY.slice(0, 20)}` }));
    response.end(chunk({ content: CANARY.slice(20) }) + chunk({}, "stop") + DONE);
  });
  const providers = {
    up: { kind: "openai-compatible", baseURL: `${upstream.url}/v1`, apiKey: UPSTREAM_KEY },
  };
  const config = twoPaths(upstream.url, { providers, redaction: { pii: ["email"] } });
  const { gateway, post, dataDir } = await startGateway(config, { store: true });
  const messages = [{ role: "user", content: `Findable words, ${CANARY}, ada@example.com` }];
  const ids = [];
  for (const stream of [false, true]) {
    const answer = await post({
      model: "enriched",
      messages,
      stream,
      user: CANARY,
      metadata: { note: CANARY },
    });
    await answer.text();
    ids.push(String(answer.headers.get("x-request-id")));
  }
  await gateway.flushCaptures();
  const [whole, streamed] = await Promise.all(ids.map((id) => gateway.store?.find(id)));
  expect(whole?.content?.query).toBe("Findable words, [redacted:api-key], [redacted:email]");
  expect(whole?.content?.answerText).toBe("Your key: [redacted:secret]");
  expect(streamed?.content?.answerText).toBe("Streamed [redacted:api-key]");
  const recipe = await gateway.store?.recipe(String(whole?.recipe));
  expect(recipe && rebuild(String(whole?.content?.request), recipe)).toContain("You are a helper.");
  const bytes = bytesIn(dataDir);
  expect(bytes).toContain("Findable words");
  for (const secret of [CANARY, CANARY.slice(20), UPSTREAM_KEY, "ada@example.com"])
    expect(bytes).not.toContain(secret);
});

test("what was captured is in the store once the gateway has stopped, and sums of usage", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url), { store: true });
  await Promise.all(Array.from({ length: 30 }, () => gateway.post(ASK)));
  await gateway.post(ASK, { "x-crossover-no-capture": "true" });
  await gateway.close(1000);
  const store = await openStore(`file:${gateway.dataDir}/crossover.db`);
  expect(await store.count({ content: true })).toBe(30);
  expect((await store.usage({})).reduce((sum, { requests }) => sum + requests, 0)).toBe(31);
  await store.close();
});

test("a store that can't be opened changes no answer, and captures wait for it", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(
    twoPaths(upstream.url, { store: { url: "file:/nowhere/at/all/crossover.db" } }),
    { store: true },
  );
  for (let i = 0; i < 3; i++) expect((await gateway.post(ASK)).status).toBe(200);
  await gateway.store?.settled;
  expect((await gateway.post(ASK)).status).toBe(200);
  expect(await gateway.metric("crossover_capture_queue_requests")).toBe(4);
  expect(await gateway.metric("crossover_captures_total", { outcome: "dropped" })).toBe(0);
});
