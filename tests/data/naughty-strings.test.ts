import { describe, expect, test } from "vitest";
import { z } from "zod";
import { PATHS } from "../clients/paths.ts";
import { expectCalm } from "../routes/black-box.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import {
  completion,
  type Respond,
  respondStream,
  sendJson,
  startUpstream,
  type Upstream,
} from "../support/upstream.ts";
import { bodyOf, byId, decisionIn, each, fixture, MODELS, tally } from "./inputs.ts";

const NAUGHTY = z.array(z.string()).parse(JSON.parse(fixture("blns.json")));
/** The list's two templates are no Liquid; these would be rendered if a value were ever taken for a template. */
const TEMPLATES = [
  "{{ query }}",
  "{{ metadata.topic }}",
  "a {{ metadata['id'] }} b",
  "{% if query %}yes{% endif %}",
  "{% assign query = 'x' %}{{ query | upcase }}",
  "{%- raw -%} {{ query }} {%- endraw -%}",
];
const STRINGS = [...NAUGHTY, ...TEMPLATES];

const PROMPT = {
  system: "Topic: [{{ metadata.topic }}]",
  examples: [
    { user: "Example question", assistant: "Example answer" },
    { user: "On [{{ metadata['topic'] }}]", assistant: "You mean [{{ query }}]" },
  ],
  cue: "Question: [{{ query }}]",
};

/** The messages that the prompt makes of a string that is both the query and the topic. */
const enriched = (text: string) => [
  { role: "system", content: `Topic: [${text}]` },
  { role: "user", content: "Example question" },
  { role: "assistant", content: "Example answer" },
  { role: "user", content: `On [${text}]` },
  { role: "assistant", content: `You mean [${text}]` },
  { role: "user", content: `Question: [${text}]` },
];
const bare = (text: string) => [{ role: "user", content: text }];

/** Says what it was told last; if it streams, letter by letter at first and the rest at once. */
const echo: Respond = (received, response) => {
  const { last, stream } = bodyOf(received);
  if (stream) {
    const letters = Array.from(last);
    return respondStream([...letters.slice(0, 12), letters.slice(12).join("")])(received, response);
  }
  return sendJson(response, completion(last));
};

/** A request with the string as content, user and metadata. */
const ask = (model: string, text: string, index: number) => ({
  model,
  messages: [{ role: "user" as const, content: text }],
  user: text,
  metadata: { topic: text, id: String(index) },
});

/** Both paths behind a condition that sees the string in all three places, and a split by user. */
async function start(): Promise<{ readonly upstream: Upstream; readonly gateway: TestGateway }> {
  const upstream = await startUpstream(echo);
  const when = "request.lastUserMessage == metadata.topic && request.params.user == metadata.topic";
  const rules = (use: string, other: string) => ({
    rules: [
      { name: "same", when, use },
      { name: "other", use: other },
    ],
  });
  const gateway = await startGateway(
    twoPaths(upstream.url, {
      prompts: { helper: PROMPT },
      routes: {
        enriched: rules("prompted", "tuned"),
        bare: rules("tuned", "prompted"),
        split: { rules: [{ name: "all", use: { split: { prompted: 1, tuned: 1 }, stickyBy: "user" } }] },
      },
    }),
  );
  return { upstream, gateway };
}

/** Every string was answered, and the gateway takes no harm. */
async function expectAnswered(gateway: TestGateway, route: string): Promise<void> {
  expect(await gateway.metric("crossover_requests_total", { route, status: "200" })).toBe(STRINGS.length);
  expect(await gateway.metric("crossover_requests_total")).toBe(STRINGS.length);
  expect(await gateway.metric("crossover_condition_errors_total")).toBe(0);
  await expectCalm(gateway);
}

test("the fixture holds 515 strings, two of them templates", () => {
  expect(NAUGHTY).toHaveLength(515);
  expect(NAUGHTY.filter((text) => /\{\{|\{%/.test(text))).toHaveLength(2);
});

describe.each(PATHS)("naughty strings on the %s path", (path) => {
  const model = MODELS[path];
  const messagesFor = path === "enriched" ? enriched : bare;
  const lastOf = (text: string): string => messagesFor(text).at(-1)?.content ?? "";

  test("streamed with the SDK, each arrives as it is and comes back as it went", async () => {
    const { upstream, gateway } = await start();
    const given = await each(STRINGS, async (text, index) => {
      const { data, response } = await gateway.client.chat.completions
        .create({ ...ask(path, text, index), stream: true })
        .withResponse();
      let answer = "";
      for await (const { choices } of data) answer += choices[0]?.delta.content ?? "";
      return { answer, rule: decisionIn(response).rule };
    });
    expect(given).toEqual(STRINGS.map((text) => ({ answer: lastOf(text), rule: "same" })));
    expect(byId(upstream.received).map(({ text }) => text)).toEqual(
      STRINGS.map((text, index) =>
        JSON.stringify({
          ...ask(model, text, index),
          messages: messagesFor(text),
          stream: true,
          stream_options: { include_usage: true },
        }),
      ),
    );
    await expectAnswered(gateway, path);
  });

  test("whole and with every letter escaped, each keeps its bytes but where the prompt holds it", async () => {
    const { upstream, gateway } = await start();
    const escaped = (text: string): string =>
      `"${text.replace(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)}"`;
    const raw = (to: string, messages: string, text: string, index: number): string =>
      `{"model":"${to}","messages":[${messages}],"user":${escaped(text)},"metadata":{"topic":${escaped(text)},"id":"${index}"}}`;
    const own = (text: string): string => `{"role":"user","content":${escaped(text)}}`;
    const given = await each(STRINGS, async (text, index) => {
      const answer = await gateway.post(raw(path, own(text), text, index));
      return { answer: await answer.text(), rule: decisionIn(answer).rule };
    });
    expect(given).toEqual(
      STRINGS.map((text) => ({ answer: JSON.stringify(completion(lastOf(text))), rule: "same" })),
    );
    const shaped = (text: string): string =>
      path === "bare"
        ? own(text)
        : enriched(text)
            .map((message) => JSON.stringify(message))
            .join(",");
    expect(byId(upstream.received).map(({ text }) => text)).toEqual(
      STRINGS.map((text, index) => raw(model, shaped(text), text, index)),
    );
    await expectAnswered(gateway, path);
  });
});

test("as a user each is the sticky key, as it is, and stays with a variant", async () => {
  const { upstream, gateway } = await start();
  const decided = await each(STRINGS, async (text, index) => {
    const body = ask("split", text, index);
    const answer = await gateway.post(body);
    await answer.text();
    const dry = await gateway.post(body, { "x-crossover-dry-run": "true" });
    const { sticky_key, variant } = await dry.json();
    // Nothing sticks to an empty user: chance decides.
    return { sticky_key, stays: text === "" || variant === decisionIn(answer).variant };
  });
  expect(decided).toEqual(STRINGS.map((text) => ({ sticky_key: text === "" ? null : text, stays: true })));
  const variants = tally(upstream.received.map((received) => bodyOf(received).model));
  expect(Object.keys(variants)).toHaveLength(2);
  await expectCalm(gateway);
});
