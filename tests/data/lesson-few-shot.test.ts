import { describe, expect, test } from "vitest";
import { z } from "zod";
import { PATHS, type Path } from "../clients/paths.ts";
import { twoPaths } from "../support/config.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { completion, sendJson, startUpstream, type Upstream } from "../support/upstream.ts";
import { bodyOf, chatRow, fixture, MODELS, rowsOf, type TextMessage } from "./inputs.ts";

const TRAINING = "lesson/18-training-data.jsonl";
const ROWS = [...rowsOf(TRAINING, chatRow), ...rowsOf("lesson/18-validation-data.jsonl", chatRow)];
const CUE = "In a limerick, please: ";

/** One row: what the app sends, and the answer that a model gives. */
interface Lesson {
  readonly system: string;
  readonly question: string;
  readonly answer: string;
}

const LESSONS = ROWS.map(({ messages }): Lesson => {
  const text = (role: TextMessage["role"]): string =>
    messages.find((message) => message.role === role)?.content ?? "";
  return { system: text("system"), question: text("user"), answer: text("assistant") };
});
const SYSTEM = LESSONS[0]?.system ?? "";
const SHOTS = rowsOf(TRAINING, chatRow).flatMap(({ messages }) => messages.slice(1));

/** An upstream that knows the answers, and a gateway whose prompt takes its examples from a file. */
async function start(
  prompt: Readonly<Record<string, unknown>>,
  files: Readonly<Record<string, string>>,
  answers: ReadonlyMap<string, string> = new Map(),
): Promise<{ readonly upstream: Upstream; readonly gateway: TestGateway }> {
  const upstream = await startUpstream((received, response) =>
    sendJson(response, completion(answers.get(bodyOf(received).last) ?? "unknown")),
  );
  return {
    upstream,
    gateway: await startGateway(twoPaths(upstream.url, { prompts: { helper: prompt } }), { files }),
  };
}

test("the fixtures hold the lesson's ten and five rows", () => {
  expect([ROWS.length, SHOTS.length, new Set(LESSONS.map(({ question }) => question)).size]).toEqual([
    15, 20, 15,
  ]);
  expect(new Set(LESSONS.map(({ system }) => system)).size).toBe(1);
});

describe.each(PATHS)(
  "the lesson's 15 questions on the %s path, with its training rows as examples",
  (path) => {
    const sent = (question: string): string => (path === "enriched" ? CUE + question : question);
    const answers = new Map(LESSONS.map(({ question, answer }) => [sent(question), answer]));
    const expected = (question: string): unknown => ({
      model: MODELS[path],
      messages: [
        ...(path === "enriched" ? [{ role: "system", content: SYSTEM }, ...SHOTS] : []),
        { role: "user", content: sent(question) },
      ],
    });

    test.each([
      ["still sends its own system message", "replace", true],
      ["sends the question alone", "prepend", false],
    ])(
      "the upstream gets exactly the prompt or the bare question of an app that %s",
      async (_what, merge, withSystem) => {
        const prompt = { system: SYSTEM, examples: "shots.jsonl", cue: `${CUE}{{ query }}`, merge };
        const { upstream, gateway } = await start(prompt, { "shots.jsonl": fixture(TRAINING) }, answers);
        for (const { system, question, answer } of LESSONS) {
          const own = withSystem ? [{ role: "system" as const, content: system }] : [];
          const given = await gateway.client.chat.completions.create({
            model: path,
            messages: [...own, { role: "user", content: question }],
          });
          expect(given.choices[0]?.message.content).toBe(answer);
        }
        expect(upstream.received.map(({ body }) => body)).toEqual(
          LESSONS.map(({ question }) => expected(question)),
        );
        expect(await gateway.metric("crossover_decisions_total", { path })).toBe(15);
        expect((await gateway.metric("crossover_enrichment_tokens_total", { path })) > 0).toBe(
          path === "enriched",
        );
      },
    );
  },
);

test("on the bare path each message keeps its bytes, spaces and all; only the system message goes", async () => {
  const { upstream, gateway } = await start({ system: SYSTEM }, {});
  const lines = fixture(TRAINING).split("\n");
  for (const line of lines) await (await gateway.post(line.replace("{", '{"model":"bare",'))).text();
  const texts = SHOTS.map(
    ({ role, content }) => `{"role": "${role}", "content": ${JSON.stringify(content)}}`,
  );
  lines.forEach((line, index) => {
    const own = texts.slice(2 * index, 2 * index + 2);
    for (const text of own) expect(line).toContain(text);
    expect(upstream.received[index]?.text).toContain(`"messages":[${own.join(",")}]`);
  });
});

const styles = z
  .object({
    zero_shot: z.object({ prompt: z.string() }),
    one_shot: z.object({ prompt: z.string() }),
    few_shot: z.object({ prompt: z.string(), completion: z.string() }),
    chat: chatRow.shape.messages,
    instruction: z.array(z.string()),
  })
  .parse(JSON.parse(fixture("lesson/04-few-shot.json")));

describe("the lesson's styles of prompt", () => {
  /** `a => b \n c => d \n e =>` as pairs and the open question. */
  const lines = styles.few_shot.prompt
    .split(" \n ")
    .map((line) => line.split(" =>").map((part) => part.trim()));
  const pairs = lines.slice(0, -1).map(([user = "", assistant = ""]) => ({ user, assistant }));
  const question = lines.at(-1)?.[0] ?? "";
  const prompt = { examples: "sports.jsonl", cue: "{{ query }} =>" };
  const files = { "sports.jsonl": pairs.map((pair) => JSON.stringify(pair)).join("\n") };
  const shots = pairs.flatMap(({ user, assistant }) => [
    { role: "user", content: user },
    { role: "assistant", content: assistant },
  ]);

  const ask = async (
    path: Path,
    messages: TextMessage[],
  ): Promise<readonly [unknown, string | null | undefined]> => {
    const answers = new Map([[`${question} =>`, styles.few_shot.completion]]);
    const { upstream, gateway } = await start(prompt, files, answers);
    const answer = await gateway.client.chat.completions.create({ model: path, messages });
    expect(upstream.received).toHaveLength(1);
    return [upstream.received[0]?.body["messages"], answer.choices[0]?.message.content];
  };

  test("few-shot: its three lines become pairs, its open line the cued question", async () => {
    expect(pairs.map(({ assistant }) => assistant)).toEqual(["Baseball", "Tennis", "Cricket"]);
    const [received, answer] = await ask("enriched", [{ role: "user", content: question }]);
    expect(received).toEqual([...shots, { role: "user", content: "The player made a slam-dunk =>" }]);
    expect(answer).toBe("Basketball");
  });

  test("chat: earlier turns stay behind the examples, and only the last question is cued", async () => {
    const [system, ...turns] = styles.chat;
    const [enriched] = await ask("enriched", styles.chat);
    expect(enriched).toEqual([
      system,
      ...shots,
      ...turns.slice(0, -1),
      { role: "user", content: "Where was it played? =>" },
    ]);
    const [bare] = await ask("bare", styles.chat);
    expect(bare).toEqual(turns);
  });

  test.each([
    ["zero-shot", styles.zero_shot.prompt],
    ["one-shot", styles.one_shot.prompt],
    ["few-shot", styles.few_shot.prompt],
    ...styles.instruction.map((text, index): [string, string] => [`instruction ${index + 1}`, text]),
  ])("%s: a prompt that the app wrote itself stays as it is", async (_style, content) => {
    expect((await ask("bare", [{ role: "user", content }]))[0]).toEqual([{ role: "user", content }]);
    expect((await ask("enriched", [{ role: "user", content }]))[0]).toEqual([
      ...shots,
      { role: "user", content: `${content} =>` },
    ]);
  });
});
