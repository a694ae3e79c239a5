import { expect, test } from "vitest";
import { expectCalm, expectRefused } from "../routes/black-box.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway } from "../support/gateway.ts";
import { startUpstream } from "../support/upstream.ts";

test("a template that takes more work than allowed is told by its prompt's name, and its text is in no log", async () => {
  const upstream = await startUpstream();
  const system = "SECRET RECIPE {% for i in (1..1000000) %}{{ query }}{% endfor %}";
  const gateway = await startGateway(twoPaths(upstream.url, { prompts: { helper: { system } } }));
  const answer = await gateway.post({ model: "enriched", messages: [{ role: "user", content: "Hi" }] });
  await expectRefused(answer, { status: 500, type: "server_error", code: "prompt_failed", param: null });
  expect(gateway.logs.at(-1)?.fields).toMatchObject({
    status: 500,
    variant: "prompted",
    note: "prompt_failed",
  });
  expect(JSON.stringify(gateway.logs)).not.toContain("SECRET RECIPE");
  await expectCalm(gateway, upstream);
});
