import { expect, test } from "vitest";
import { twoPaths } from "../support/config.ts";
import { startGateway } from "../support/gateway.ts";
import { startUpstream } from "../support/upstream.ts";
import { expectCalm, expectRefused, refused400 } from "./black-box.ts";

const ASK = { model: "enriched", messages: [{ role: "user", content: "Hi" }] };

test.each(["true", "True", "TRUE", " true ", "1"])("%j asks for the decision only", async (value) => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  const answer = await gateway.post(ASK, { "x-crossover-dry-run": value });
  expect([answer.status, (await answer.json()).object]).toEqual([200, "crossover.decision"]);
  expect(upstream.received).toHaveLength(0);
});

test.each(["false", "False", "0", ""])("%j asks for the answer", async (value) => {
  const upstream = await startUpstream();
  const gateway = await startGateway(twoPaths(upstream.url));
  expect((await (await gateway.post(ASK, { "x-crossover-dry-run": value })).json()).object).toBe(
    "chat.completion",
  );
});

test.each(["yes", "on", "tru", "true, false"])(
  "%j is refused, and nobody is called and paid",
  async (value) => {
    const upstream = await startUpstream();
    const gateway = await startGateway(twoPaths(upstream.url));
    const answer = await gateway.post(ASK, { "x-crossover-dry-run": value });
    await expectRefused(answer, refused400("x-crossover-dry-run", "invalid_value"));
    await expectCalm(gateway, upstream);
  },
);
