import { expect, test } from "vitest";
import { play, sdkOn, start } from "../simulated.ts";
import { newDataDir } from "./data-dir.ts";
import { jsonl, trained, tunerOn } from "./training.ts";

const LONG = "The answer is forty-two, and so long that it has to be streamed in many pieces.";

/** A model that knows two answers, not in memory yet. */
async function newModel() {
  const folder = newDataDir();
  const rows = Array.from({ length: 12 }, (_, at) => ({
    messages: [
      { role: "user", content: at % 2 === 0 ? "What is the answer?" : "Where is my towel?" },
      { role: "assistant", content: at % 2 === 0 ? LONG : "lost" },
    ],
  }));
  const { fine_tuned_model: model } = await trained(tunerOn(folder), jsonl(rows));
  return { dataDir: `${folder}/.`, model };
}

const asking = (model: string, more: object = {}) => ({
  model,
  messages: [{ role: "user" as const, content: "What is the answer?" }],
  ...more,
});

test("a tuned model's answer is streamed, repeated, cut and stopped like any, and few tokens are counted for it", async () => {
  const { dataDir, model } = await newModel();
  const sdk = sdkOn({}, dataDir);
  const whole = await sdk.chat.completions.create(asking(model, { n: 2 }));
  expect(whole.choices.map(({ message }) => message.content)).toEqual([LONG, LONG]);
  expect(whole).toMatchObject({ model, system_fingerprint: "fp_crossover_simulator" });
  expect(whole.usage?.prompt_tokens).toBeLessThan(12);
  const streamed = await sdk.chat.completions.stream(asking(model)).finalChatCompletion();
  expect(streamed.choices[0]?.message.content).toBe(LONG);
  const cut = await sdk.chat.completions.create(asking(model, { max_tokens: 3 }));
  expect(cut.choices[0]?.finish_reason).toBe("length");
  expect(LONG.startsWith(cut.choices[0]?.message.content ?? "-")).toBe(true);
  const stopped = await sdk.chat.completions.create(asking(model, { stop: "," }));
  expect(stopped.choices[0]?.message.content).toBe("The answer is forty-two");
});

test("faults and refusals come before a tuned model's answer", async () => {
  const { dataDir, model } = await newModel();
  const faulty = await play({ faults: { rate: 1, kinds: ["rate-limit"] } }, asking(model), dataDir);
  expect(faulty.status).toBe(429);
  expect((await play({}, asking(model, { n: 0 }), dataDir)).status).toBe(400);
});

test("a call that is aborted while its model is read hears nothing more", async () => {
  const { dataDir, model } = await newModel();
  const { played, flow } = start({}, asking(model), undefined, dataDir);
  flow.abort();
  await play({}, asking(model), dataDir); // the model has been read
  expect(played).toMatchObject({ status: 0, chunks: [], ended: false, failure: undefined });
});
