import fc from "fast-check";
import { expect, test } from "vitest";
import { type LogLine, readProgress } from "../../src/tuning/training-log.ts";

const lines = (...texts: readonly string[]): readonly LogLine[] => texts.map((text, at) => ({ at, text }));
const messages = (...texts: readonly string[]) =>
  readProgress(lines(...texts)).events.map(({ message }) => message);

/** As TRL 1.16 wrote it, with the script's own lines between. */
const RUN = [
  "crossover-tj_1-train.jsonl: 22 rows, 23 examples",
  "Loading weights:   0%|          | 0/21 [00:00<?, ?it/s]\rLoading weights: 100%|████| 21/21 [00:00<00:00]",
  'crossover: {"event": "begin", "step": 0, "steps": 36}',
  'crossover: {"event": "log", "step": 1, "steps": 36, "loss": 5.924553871154785, "eval_loss": null, "tokens": 28.0, "finish": 1795676769.8523307}',
  "{'loss': '5.925', 'grad_norm': '1.902', 'learning_rate': '0', 'num_tokens': '28', 'epoch': '0.08696'}",
  'crossover: {"event": "log", "step": 3, "steps": 36, "loss": 5.976444244384766, "eval_loss": null, "tokens": 84.0, "finish": 1795676812.4798388}',
  'crossover: {"event": "log", "step": 3, "steps": 36, "loss": null, "eval_loss": 5.9160261154174805, "tokens": null, "finish": 1795676831.235252}',
  "{'eval_loss': '5.916', 'eval_runtime': '1.539', 'epoch': '0.2609'}",
  'crossover: {"event": "log", "step": 36, "steps": 36, "loss": null, "eval_loss": null, "tokens": null, "finish": 1795676744.879704}',
  "{'train_runtime': '283.5', 'train_loss': '5.757', 'epoch': '3'}",
  'crossover: {"event": "done", "model": "acme/crossover-tj_1"}',
];

test("the log of a run is read: losses by step, how far it is, and what a person wants to know", () => {
  expect(readProgress(lines(...RUN))).toEqual({
    events: [
      { at: 0, message: "crossover-tj_1-train.jsonl: 22 rows, 23 examples" },
      { at: 1, message: "Loading weights: 100%|████| 21/21 [00:00<00:00]" },
      { at: 2, message: "Training began: 36 steps." },
      { at: 10, message: "The model was uploaded to acme/crossover-tj_1." },
    ],
    losses: [
      { step: 1, training: 5.924553871154785, validation: null },
      { step: 3, training: 5.976444244384766, validation: 5.9160261154174805 },
    ],
    step: 36,
    steps: 36,
    trainedTokens: 84,
    estimatedFinish: 1795676744880,
  });
});

test("a line that only looks like one of the script's is a line like any other", () => {
  const texts = [
    "crossover: {",
    "crossover: null",
    'crossover: {"event": "other"}',
    'crossover: {"event": "log", "step": "one"}',
    'crossover: {"event": "log", "step": -1, "loss": 1}',
    'crossover: {"event": "log", "step": 1, "loss": NaN}',
  ];
  expect(readProgress(lines(...texts))).toMatchObject({ losses: [], step: undefined });
  expect(messages(...texts)).toEqual(texts);
});

test("colours and empty lines are left out, and what is very long is cut", () => {
  expect(messages("", "  ", "\u001b[1m\u001b[36mInstalled\u001b[0m 61 packages\r")).toEqual([
    "Installed 61 packages",
  ]);
  expect(messages("x".repeat(600))).toEqual([`${"x".repeat(500)}…`]);
  expect(messages(...Array.from({ length: 300 }, (_, at) => `line ${at}`))).toHaveLength(200);
});

const point = fc.record({
  step: fc.nat(50),
  loss: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
  eval_loss: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
});
const noise = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.json().map((text) => `crossover: ${text}`),
);

test("whatever stands between them, all losses are read, each step once and in order", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(point, noise)), (parts) => {
      const texts = parts.map((part) =>
        typeof part === "string" ? part : `crossover: ${JSON.stringify({ event: "log", ...part })}`,
      );
      const { losses, events } = readProgress(lines(...texts));
      const expected = new Map<number, number | null>();
      for (const part of parts) {
        if (typeof part === "string" || (part.loss === null && part.eval_loss === null)) continue;
        expected.set(part.step, plus(part.loss ?? expected.get(part.step) ?? null));
      }
      expect(losses.map(({ step, training }) => [step, training])).toEqual(
        [...expected].sort(([a], [b]) => a - b),
      );
      expect(events.length).toBeLessThanOrEqual(200);
      for (const { message } of events) expect(message).not.toContain("\u001b[");
    }),
  );
});

/** JSON has no minus zero. */
function plus(value: number | null): number | null {
  return value === 0 ? 0 : value;
}
