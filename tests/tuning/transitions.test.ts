import fc from "fast-check";
import { expect, test } from "vitest";
import { isEnded, JOB_STATES, type LossPoint, type TuningJob, tuningJob } from "../../src/tuning/job.ts";
import { stayIn } from "../../src/tuning/journal.ts";
import { joined } from "../../src/tuning/losses.ts";
import { newJob } from "../../src/tuning/new-job.ts";
import * as change from "../../src/tuning/transitions.ts";
import { seen } from "./fake-provider.ts";

const begun = newJob(
  {
    jobId: "tj-1",
    spec: {
      route: "ask",
      provider: "main",
      api: "openai",
      simulated: false,
      base_model: "m",
      control: "prompted",
      model: "tuned",
      variant: "tuned",
      replaces: false,
      method: "supervised",
      hyperparameters: { n_epochs: null, batch_size: null, learning_rate_multiplier: null },
      suffix: null,
      seed: null,
      training: { name: "train.jsonl", rows: 10, bytes: 100, tokens: 100, sha256: "0" },
      validation: null,
    },
    estimate: {
      epochs: 3,
      billed_tokens: 300,
      usd: null,
      usd_per_hour: null,
      usd_most: null,
      usd_as_of: null,
      seconds: null,
      basis: "",
    },
    notes: ["What should be known."],
  },
  1,
);

const told = { message: "no", hint: null, status: null, code: null, raw: "" };
const text = fc.string({ maxLength: 2_000 });
const loss = fc.record({
  step: fc.nat(100_000),
  training: fc.option(fc.double()),
  validation: fc.option(fc.double()),
});
const observation = fc.record({
  phase: fc.constantFrom("waiting", "running", "succeeded", "failed", "cancelled"),
  events: fc.array(fc.record({ at: fc.oneof(fc.nat(), fc.constant(Number.NaN)), message: text }), {
    maxLength: 200,
  }),
  losses: fc.array(loss, { maxLength: 200 }),
  step: fc.option(fc.nat(), { nil: undefined }),
  model: fc.option(text, { nil: undefined }),
});

/** Any change that the driver or a person makes. */
const anyChange: fc.Arbitrary<(job: TuningJob) => TuningJob> = fc.oneof(
  observation.map(
    ({ phase, ...more }) =>
      (job: TuningJob) =>
        change.observed(job, seen(phase, more), 2),
  ),
  text.map((message) => (job: TuningJob) => change.stepped(job, message, 2)),
  text.map((message) => (job: TuningJob) => change.troubled(job, message, 2)),
  text.map((message) => (job: TuningJob) => change.hindered(job, { ...told, message }, 2)),
  text.map((id) => (job: TuningJob) => change.known(job, { id }, id, 2)),
  fc
    .constantFrom(...JOB_STATES.filter((state) => !isEnded(state)))
    .map((state) => (job: TuningJob) => change.moved(job, state, state, 2)),
  fc.constantFrom(
    (job: TuningJob) => change.failed(job, told, 2),
    (job: TuningJob) => change.handedOver(job, told, 2),
    (job: TuningJob) => change.halted(job, told, 2),
    (job: TuningJob) => change.recovered(job, 2),
    (job: TuningJob) => change.resumed(job, 2),
    (job: TuningJob) => change.reopened(job, "ft:x", 2),
    (job: TuningJob) => change.cancelAsked(job, 2),
    (job: TuningJob) => change.cancelled(job, "", 2),
    (job: TuningJob) => change.evaluated(job, null, "", 2),
    (job: TuningJob) => change.succeeded(job, "", 2),
  ),
);

test("any changes in any order make a job of the documented shape, with a bounded journal and a curve in order", () => {
  fc.assert(
    fc.property(fc.array(anyChange, { maxLength: 40 }), (changes) => {
      const job = changes.reduce((before, one) => one(before), begun);
      expect(tuningJob.safeParse(job).success).toBe(true);
      for (const kind of ["step", "event", "problem"])
        expect(job.journal.filter((entry) => entry.kind === kind).length).toBeLessThanOrEqual(500);
      for (const { message } of job.journal) expect(message.length).toBeLessThanOrEqual(1_000);
      expect(job.losses.length).toBeLessThanOrEqual(1_000);
      const steps = job.losses.map(({ step }) => step);
      expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
    }),
    { numRuns: 60 },
  );
});

test("nothing leaves an end", () => {
  fc.assert(
    fc.property(anyChange, fc.constantFrom("failed", "cancelled", "succeeded"), (one, state) => {
      const ended: TuningJob = { ...begun, state };
      expect(one(ended)).toBe(ended);
    }),
  );
});

test("of many events the latest stay, and our own steps all do", () => {
  const events = Array.from({ length: 2_000 }, (_, n) => ({ at: n, message: `event ${n}` }));
  const job = change.observed(begun, seen("running", { events }), 5);
  expect(job.journal[0]).toEqual(begun.journal[0]);
  expect(job.journal.filter(({ kind }) => kind === "event").map(({ message }) => message)).toEqual(
    events.slice(-500).map(({ message }) => message),
  );
});

test("a status is told once", () => {
  const twice = [1, 2].reduce((job) => change.observed(job, seen("running"), 2), begun);
  expect(twice.journal.filter(({ message }) => message.includes("running"))).toHaveLength(1);
});

test("a long curve is thinned evenly, however it comes, and keeps its ends and validation losses", () => {
  const all: LossPoint[] = Array.from({ length: 10_000 }, (_, step) => ({
    step,
    training: 1 / (step + 1),
    validation: step % 1_000 === 7 ? 1 : null,
  }));
  const atOnce = joined([], all);
  let bitByBit: readonly LossPoint[] = [];
  for (let at = 0; at < all.length; at += 37) bitByBit = joined(bitByBit, all.slice(at, at + 37));
  for (const curve of [atOnce, bitByBit]) {
    expect(curve.length).toBeLessThanOrEqual(1_000);
    expect(curve.length).toBeGreaterThan(400);
    expect([curve[0]?.step, curve.at(-1)?.step]).toEqual([0, 9_999]);
    expect(curve.filter(({ validation }) => validation !== null)).toHaveLength(10);
    const gaps = curve.slice(1).map(({ step }, index) => step - (curve[index]?.step ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(32);
  }
});

test("what is told of a step again adds to it", () => {
  const first = { step: 1, training: 2, validation: null };
  expect(joined([first], [{ step: 1, training: null, validation: 3 }])).toEqual([
    { step: 1, training: 2, validation: 3 },
  ]);
});

test("how long a job stayed in a state", () => {
  const job = [
    (before: TuningJob) => change.moved(before, "training", "", 1_000),
    (before: TuningJob) => change.stepped(before, "", 2_000),
    (before: TuningJob) => change.troubled(before, "", 2_500),
    (before: TuningJob) => change.moved(before, "deploying", "", 4_000),
    (before: TuningJob) => change.stepped(before, "", 9_000),
  ].reduce((before, one) => one(before), begun);
  expect(stayIn("training", job.journal)).toEqual({ from: 1_000, to: 4_000 });
  expect(stayIn("deploying", job.journal)).toBeUndefined();
  expect(stayIn("manual", job.journal)).toBeUndefined();
});
