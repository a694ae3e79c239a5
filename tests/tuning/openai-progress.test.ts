import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type EventAnswer, eventAnswer } from "../../src/tuning/openai-answers.ts";
import { itemsOf } from "../../src/tuning/openai-pages.ts";
import { isOldestFirst, phaseOf, progressOf } from "../../src/tuning/openai-progress.ts";
import { openaiTrainer } from "../../src/tuning/openai-trainer.ts";
import { sendJson, startUpstream } from "../support/upstream.ts";
import { calm } from "./openai-samples.ts";

const eventOf = (event: unknown): EventAnswer => eventAnswer.parse(event);
const metrics = (step: number, data: unknown) =>
  eventOf({ id: `e${step}`, created_at: step, message: `Step ${step}`, type: "metrics", data });

describe("states", () => {
  test.each([
    ["validating_files", "waiting"],
    ["queued", "waiting"],
    ["pending", "waiting"],
    ["created", "waiting"],
    ["notRunning", "waiting"],
    ["running", "running"],
    ["pausing", "running"],
    ["paused", "running"],
    ["resuming", "running"],
    ["something_new", "running"],
    ["succeeded", "succeeded"],
    ["failed", "failed"],
    ["cancelled", "cancelled"],
    ["canceled", "cancelled"],
  ])("%s is %s", (status, phase) => {
    expect(phaseOf(status)).toBe(phase);
  });
});

describe("events", () => {
  test("losses come from metrics, messages from the rest, oldest first", () => {
    const events = [
      metrics(2, { step: 2, total_steps: 9, train_loss: 0.5, valid_loss: 0.7, full_valid_loss: 0.6 }),
      metrics(1, { step: 1, total_steps: 9, train_loss: 0.9, valid_loss: -1 }),
      eventOf({ id: "m", created_at: 1, message: "Started", type: "message", data: {} }),
      eventOf({ id: "l", created_at: 0, message: "Created" }),
    ];
    expect(progressOf(events)).toEqual({
      events: [
        { at: 0, message: "Created" },
        { at: 1000, message: "Started" },
      ],
      losses: [
        { step: 1, training: 0.9, validation: null },
        { step: 2, training: 0.5, validation: 0.6 },
      ],
      step: 2,
      steps: 9,
    });
  });

  test("metrics without losses make no point, and no events make no step", () => {
    expect(progressOf([metrics(1, { step: 1 })])).toMatchObject({ losses: [], step: 1, steps: undefined });
    expect(progressOf([])).toEqual({ events: [], losses: [], step: undefined, steps: undefined });
  });

  test("metrics that are none are read as a message", () => {
    const odd = eventOf({ id: "x", created_at: 1, message: "Odd", type: "metrics", data: { step: "three" } });
    expect(progressOf([odd]).events).toEqual([{ at: 1000, message: "Odd" }]);
    const text = eventOf({
      id: "x",
      created_at: 1,
      message: "Odd",
      type: "metrics",
      data: { step: 3, train_loss: "NaN" },
    });
    expect(progressOf([text])).toMatchObject({ losses: [], step: 3 });
  });

  test("whatever the events are, none is lost", () => {
    const event = fc.record({
      id: fc.string(),
      created_at: fc.nat(),
      message: fc.string(),
      type: fc.option(fc.constantFrom("message", "metrics"), { nil: undefined }),
      data: fc.option(
        fc.record({
          step: fc.nat(),
          train_loss: fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
        }),
        {
          nil: null,
        },
      ),
    });
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const progress = progressOf(events.map(eventOf));
        expect(progress.events.length + progress.losses.length).toBe(events.length);
      }),
    );
  });

  test("a list with the oldest first is known by its ends", () => {
    expect(isOldestFirst([{ created_at: 1 }, { created_at: 2 }])).toBe(true);
    expect(isOldestFirst([{ created_at: 2 }, { created_at: 1 }])).toBe(false);
    expect(isOldestFirst([])).toBe(false);
  });

  test("a provider that lists the oldest first is understood too", async () => {
    const data = [1, 2, 3].map((n) => ({ id: `e${n}`, created_at: n, message: `m${n}`, type: "message" }));
    const upstream = await startUpstream((received, response) => {
      if (received.url.includes("/events")) sendJson(response, { object: "list", data, has_more: false });
      else sendJson(response, { id: "ft-1", status: "running", object: "fine_tuning.job" });
    });
    const nothing = { organization: undefined, project: undefined, fetch: undefined };
    const trainer = openaiTrainer({ api: "openai", baseURL: `${upstream.url}/v1`, apiKey: "k", ...nothing });
    const first = await trainer.observe("ft-1", undefined, calm());
    expect(first.events.map(({ message }) => message)).toEqual(["m1", "m2", "m3"]);
    expect(first.seen).toBe("e3");
    data.push({ id: "e4", created_at: 4, message: "m4", type: "message" });
    const second = await trainer.observe("ft-1", first.seen, calm());
    expect(second.events.map(({ message }) => message)).toEqual(["m4"]);
  });
});

describe("pages", () => {
  const idsOf = async (read: (after: string | undefined) => { ids: string[]; more?: boolean }, most = 10) => {
    const ids: string[] = [];
    const pages = itemsOf(async (after) => {
      const { ids, more } = read(after);
      return { data: ids.map((id) => ({ id })), has_more: more };
    }, most);
    for await (const { id } of pages) ids.push(id);
    return ids;
  };

  test("are read to the last one", async () => {
    const read = (after: string | undefined) =>
      after === undefined
        ? { ids: ["a", "b"], more: true }
        : after === "b"
          ? { ids: ["c"], more: false }
          : { ids: ["wrong"] };
    expect(await idsOf(read)).toEqual(["a", "b", "c"]);
  });

  test("of a server that does not know `after` are not read for ever", async () => {
    expect(await idsOf(() => ({ ids: ["a"], more: true }))).toEqual(["a", "a"]);
    expect(await idsOf(() => ({ ids: [], more: true }))).toEqual([]);
  });

  test("are no more than was said", async () => {
    let n = 0;
    expect(await idsOf(() => ({ ids: [`i${n++}`], more: true }), 3)).toEqual(["i0", "i1", "i2"]);
  });
});
