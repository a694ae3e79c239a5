import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { twoPaths } from "../support/config.ts";
import { startGateway } from "../support/gateway.ts";
import { startUpstream } from "../support/upstream.ts";
import { expectCalm, expectRefused } from "./black-box.ts";

/** Cases of JSONTestSuite: `y` must parse, `n` must not, `i` is left to the parser. */
const suite = z
  .array(z.object({ name: z.string(), expect: z.enum(["y", "n", "i"]), base64: z.base64() }))
  .parse(JSON.parse(readFileSync(new URL("../fixtures/jsontestsuite.json", import.meta.url), "utf8")));

const textsOf = (kind: "y" | "n" | "i") =>
  suite
    .filter((one) => one.expect === kind)
    .map(({ name, base64 }) => ({ name, bytes: Buffer.from(base64, "base64") }));

/** The case as the value of a member that the gateway does not know. */
const asMember = (bytes: Uint8Array): Buffer =>
  Buffer.concat([
    Buffer.from('{"model":"bare","messages":[{"role":"user","content":"Hi"}],"extra":'),
    bytes,
    Buffer.from("}"),
  ]);

test("the fixture holds the cases that this file is about", () => {
  expect([textsOf("y").length, textsOf("n").length, textsOf("i").length]).toEqual([54, 85, 21]);
});

test("what is no JSON is refused with 400, as the whole body and inside one", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  for (const { name, bytes } of textsOf("n")) {
    const refusal = { status: 400, code: "invalid_json", param: null };
    await expectRefused(await gateway.post(bytes), refusal, name);
    await expectRefused(await gateway.post(asMember(bytes)), refusal, `${name} as a member`);
  }
  await expectCalm(gateway, upstream);
});

test("JSON that is no chat request is refused with 400", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  for (const { name, bytes } of textsOf("y")) {
    const answer = await gateway.post(bytes);
    const { code } = (await answer.clone().json()).error;
    expect(["invalid_type", "invalid_value", "missing_required_parameter"], name).toContain(code);
    await expectRefused(answer, { status: 400, code }, name);
  }
  await expectCalm(gateway, upstream);
});

test("JSON in an unknown member goes on byte for byte", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  for (const { name, bytes } of textsOf("y")) {
    const answer = await gateway.post(asMember(bytes));
    expect(answer.status, name).toBe(200);
    const sent = asMember(Buffer.from(bytes.toString().trim()));
    expect(upstream.received.at(-1)?.text, name).toBe(
      sent.toString().replace('"bare"', '"base-model-tuned"'),
    );
  }
  await expectCalm(gateway);
});

test("what parsers disagree about gets an honest answer either way", async () => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  for (const { name, bytes } of textsOf("i")) {
    for (const body of [bytes, asMember(bytes)]) {
      const answer = await gateway.post(body);
      expect([200, 400], `${name}: ${await answer.clone().text()}`).toContain(answer.status);
    }
  }
  await expectCalm(gateway);
});
