import { expect, test } from "vitest";
import { QUERIES } from "../providers/simulator/training.ts";
import { startGateway, until } from "../support/gateway.ts";
import { newStore, QUICK, tunerOf } from "./listening.ts";

const INTENTS = [...new Set(QUERIES.map(({ category }) => category))].slice(0, 8);
const ROWS = QUERIES.filter(({ category }) => INTENTS.includes(category));

const jsonl = (rows: typeof ROWS) =>
  rows
    .map(({ text, category }) =>
      JSON.stringify({
        messages: [
          { role: "user", content: text },
          { role: "assistant", content: category },
        ],
      }),
    )
    .join("\n");

const CONFIG = {
  server: { port: 0 },
  providers: { sim: { kind: "simulator" } },
  models: { base: { provider: "sim", model: "gpt-4.1-mini" } },
  prompts: {
    classify: {
      system: `Answer with one of: ${INTENTS.join(", ")}.`,
      // An example of every second intent, so that the prompted base model knows some.
      examples: INTENTS.filter((_, index) => index % 2 === 0).map((intent) => {
        const row = ROWS.find(({ category }) => category === intent);
        return { user: row?.text ?? "", assistant: intent };
      }),
    },
  },
  variants: { prompted: { model: "base", prompt: "classify" } },
  routes: { intents: { default: "prompted" } },
  tuning: { pollSeconds: 0.05 },
};

test("the simulator learns a real task through the gateway, does better than the prompted base, and takes fewer tokens", async () => {
  const gateway = await startGateway(CONFIG, { openedStore: await newStore(), tuning: QUICK, watch: true });
  const tuner = tunerOf(gateway);
  const held = ROWS.filter((_, index) => index % 8 === 0);
  const plan = await tuner.plan({
    route: "intents",
    provider: "simulator",
    training: { kind: "text", text: jsonl(ROWS.filter((_, index) => index % 8 !== 0)) },
    validation: { kind: "text", text: jsonl(held) },
    variant: "tuned",
  });
  expect(plan.spec.simulated).toBe(true);
  expect(plan.notes.join()).toContain("simulator");
  expect(plan.estimate.epochs).toBe(12);
  expect(plan.estimate.basis).toContain("nothing is billed. At the provider 3 epochs at USD 5");
  expect(plan.estimate.usd).toBeCloseTo((plan.spec.training.tokens * 3 * 5) / 1e6);
  const { id } = await tuner.start(plan, false);
  const job = await until(async () => {
    const found = await tuner.job(id);
    return found?.state === "succeeded" || found?.state === "failed" ? found : undefined;
  }, 90_000);
  expect(job.problem).toBeNull();
  expect(job.remote.model).toMatch(/^ft:gpt-4.1-mini/);
  expect(job.remote.epochs).toBe(12);
  // Its own count of tokens is an estimate; passes would make it off by whole factors.
  const share = (job.remote.trained_tokens ?? 0) / plan.estimate.billed_tokens;
  expect([share > 0.6, share < 1.6]).toEqual([true, true]);
  expect(job.losses.length).toBeGreaterThan(2);
  const { control, candidate } = job.evaluation ?? {};
  expect(candidate?.exact).toBeGreaterThan(control?.exact ?? 1);
  expect(candidate?.exact).toBeGreaterThan(0.6);
  expect(candidate?.input_tokens).toBeLessThan((control?.input_tokens ?? 0) / 2);
  // It answers as a variant of the configuration from now on.
  await until(() => gateway.gateway.table.variants.has("tuned"));
  const answer = await gateway.post(
    { model: "intents", messages: [{ role: "user", content: ROWS[1]?.text ?? "" }] },
    { "x-crossover-variant": "tuned" },
  );
  expect(answer.headers.get("x-crossover-variant")).toBe("tuned");
  expect(await answer.json()).toMatchObject({ choices: [{ message: { content: ROWS[1]?.category } }] });
}, 120_000);
