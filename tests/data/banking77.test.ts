import { describe, expect, test } from "vitest";
import { z } from "zod";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { completion, type Respond, sendJson, startUpstream } from "../support/upstream.ts";
import { bodyOf, byId, decisionIn, each, MODELS, rowsOf, tally } from "./inputs.ts";

/** Real questions to a bank, each with its intent, and a made-up customer who asks it. */
const QUERIES = rowsOf(
  "banking77_sample.jsonl",
  z.strictObject({ text: z.string(), category: z.string() }),
).map(({ text, category }, index) => ({
  id: String(index),
  text,
  intent: category,
  user: `customer-${index}`,
}));
const INTENTS = [...new Set(QUERIES.map(({ intent }) => intent))];
type Query = (typeof QUERIES)[number];

/** The intents that the tuned model has learnt: the first 30 of them. */
const KNOWN = INTENTS.slice(0, 30);
const isKnown = ({ intent }: Query): boolean => KNOWN.includes(intent);

const SHOTS = [
  { role: "system", content: "You are a helper." },
  { role: "user", content: "Example question" },
  { role: "assistant", content: "Example answer" },
];

/** Answers with what it was asked, so that no answer can go to the wrong client unseen. */
const answerById: Respond = (received, response) =>
  sendJson(response, completion(`for ${bodyOf(received).metadata["id"]}`));

const ask = (model: string, { id, text, intent, user }: Query) => ({
  model,
  user,
  metadata: { id, intent },
  messages: [{ role: "user", content: text }],
});

/** A query as its upstream is to get it. */
const wireOf = (query: Query) =>
  isKnown(query)
    ? ask(MODELS.bare, query)
    : {
        ...ask(MODELS.enriched, query),
        messages: [...SHOTS, { role: "user", content: `Question: ${query.text}` }],
      };

const dryRun = z.looseObject({
  rule: z.string(),
  variant: z.string(),
  path: z.string(),
  propensity: z.number(),
  request: z.unknown(),
});

/** What would become of a query, without sending it. */
async function foresee(gateway: TestGateway, query: Query) {
  const answer = await gateway.post(ask("bank", query), { "x-crossover-dry-run": "true" });
  const { rule, variant, path, propensity, request } = dryRun.parse(await answer.json());
  return { rule, variant, path, propensity, request };
}

/** Sends a query and checks that the answer is its own. @returns what the headers tell */
async function send(gateway: TestGateway, query: Query) {
  const answer = await gateway.post(ask("bank", query));
  expect([answer.status, (await answer.json()).choices[0].message.content]).toEqual([200, `for ${query.id}`]);
  return decisionIn(answer);
}

test("the fixture holds 1,000 queries of all 77 intents", () => {
  expect([QUERIES.length, INTENTS.length, new Set(QUERIES.map(({ text }) => text)).size]).toEqual([
    1000, 77, 1000,
  ]);
  expect(QUERIES.filter(({ text }) => text.includes("\n"))).toHaveLength(10);
});

test("queries of known intents go bare to the tuned model, all others enriched to the base model", async () => {
  const upstream = await startUpstream(answerById);
  const when = `metadata.intent in ${JSON.stringify(KNOWN)}`;
  const gateway = await startGateway(
    twoPaths(upstream.url, {
      routes: {
        bank: {
          rules: [
            { name: "known", when, use: "tuned" },
            { name: "rest", use: "prompted" },
          ],
        },
      },
    }),
  );
  const decided = await each(QUERIES, async (query) => ({
    foreseen: await foresee(gateway, query),
    told: await send(gateway, query),
  }));
  const expected = QUERIES.map((query) => {
    const told = isKnown(query)
      ? { rule: "known", variant: "tuned", path: "bare" }
      : { rule: "rest", variant: "prompted", path: "enriched" };
    return { foreseen: { ...told, propensity: 1, request: wireOf(query) }, told };
  });
  expect(decided).toEqual(expected);

  // The upstream got each query once, as it should be and as the dry run had shown it.
  expect(byId(upstream.received).map(({ body }) => body)).toEqual(QUERIES.map(wireOf));

  const known = QUERIES.filter(isKnown).length;
  const counts = { [MODELS.bare]: known, [MODELS.enriched]: 1000 - known };
  expect(tally(upstream.received.map((received) => bodyOf(received).model))).toEqual(counts);
  const decisions = (labels: Readonly<Record<string, string>>) =>
    gateway.metric("crossover_decisions_total", { route: "bank", ...labels });
  expect(await decisions({ rule: "known", variant: "tuned", path: "bare" })).toBe(known);
  expect(await decisions({ rule: "rest", variant: "prompted", path: "enriched" })).toBe(1000 - known);
  expect(await decisions({})).toBe(1000);
  expect(await gateway.metric("crossover_condition_errors_total")).toBe(0);
});

describe("a split that is sticky by user", () => {
  const config = (upstreamUrl: string, percent: number) =>
    twoPaths(upstreamUrl, {
      routes: {
        bank: {
          rules: [
            { name: "move", use: { split: { prompted: 100 - percent, tuned: percent }, stickyBy: "user" } },
          ],
        },
      },
    });

  test("holds its share and its users: a second time, after a restart, and with twice the share", async () => {
    const upstream = await startUpstream(answerById);
    /** Sends every query. @returns the users that the tuned model answered, by header and by what it received */
    const pass = async (
      gatewayFor: (index: number) => TestGateway,
      percent: number,
      queries = QUERIES,
    ): Promise<Set<string>> => {
      const before = upstream.received.length;
      const decided = await each(queries, (query, index) => send(gatewayFor(index), query));
      const tuned = new Set(
        queries.filter((_query, index) => decided[index]?.variant === "tuned").map(({ user }) => user),
      );
      const bodies = upstream.received.slice(before).map(bodyOf);
      expect(bodies).toHaveLength(1000);
      expect(new Set(bodies.filter(({ model }) => model === MODELS.bare).map(({ user }) => user))).toEqual(
        tuned,
      );
      // Four standard deviations of a binomial count.
      const spread = 4 * Math.sqrt(1000 * (percent / 100) * (1 - percent / 100));
      expect(Math.abs(tuned.size - 10 * percent)).toBeLessThan(spread);
      for (const query of queries.slice(0, 20)) {
        const { variant, propensity } = await foresee(gatewayFor(0), query);
        expect(variant).toBe(tuned.has(query.user) ? "tuned" : "prompted");
        expect(propensity).toBeCloseTo((variant === "tuned" ? percent : 100 - percent) / 100, 12);
      }
      return tuned;
    };

    const gateway = await startGateway(config(upstream.url, 30));
    const at30 = await pass(() => gateway, 30);
    for (const [variant, count] of Object.entries({ tuned: at30.size, prompted: 1000 - at30.size }))
      expect(await gateway.metric("crossover_decisions_total", { variant })).toBe(count);

    const restarted = await startGateway(config(upstream.url, 30));
    const again = await pass((index) => (index % 2 === 0 ? gateway : restarted), 30, QUERIES.toReversed());
    expect(again).toEqual(at30);

    gateway.write(config(upstream.url, 60));
    const reload = await fetch(`${gateway.url}/admin/api/config/reload`, { method: "POST" });
    expect(await reload.json()).toMatchObject({ changed: true });
    const at60 = await pass(() => gateway, 60);
    expect([...at30].filter((user) => !at60.has(user))).toEqual([]);
  });
});
