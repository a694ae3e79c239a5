import { expect, test } from "vitest";
import { promptOf, shownProblems, small } from "./tables.ts";

function examplesFrom(jsonl: string): unknown[] {
  const prompt = promptOf({ examples: "shots.jsonl" }, { files: { "shots.jsonl": jsonl } });
  return prompt.examples.map((example) =>
    "fixed" in example ? JSON.parse(example.fixed.json) : "a template",
  );
}

function problemsFrom(jsonl: string): string[] {
  return shownProblems(small({ prompts: { p: { examples: "shots.jsonl" } } }), {
    files: { "shots.jsonl": jsonl },
  });
}

test("examples come from JSONL rows of pairs and from fine-tuning rows", () => {
  expect(
    examplesFrom(
      [
        '{"user":"u1","assistant":"a1","note":"more is ignored"}',
        "",
        '{"messages":[{"role":"system","content":"s"},{"role":"user","content":"u2"},{"role":"assistant","content":"a2","weight":1},{"role":"user","content":"u3"},{"role":"assistant","content":"a3"}]}\r',
        "",
      ].join("\n"),
    ),
  ).toEqual([
    { role: "user", content: "u1" },
    { role: "assistant", content: "a1" },
    { role: "user", content: "u2" },
    { role: "assistant", content: "a2" },
    { role: "user", content: "u3" },
    { role: "assistant", content: "a3" },
  ]);
});

test("examples from a file are taken literally, as they are data", () => {
  expect(examplesFrom('{"user":"{{ query }}","assistant":"{% if %}"}')).toEqual([
    { role: "user", content: "{{ query }}" },
    { role: "assistant", content: "{% if %}" },
  ]);
});

test("a byte order mark and Windows' line endings do no harm", () => {
  const row = '{"user":"u","assistant":"a"}';
  expect(examplesFrom(`\uFEFF${row}\r\n${row}\r\n`)).toEqual(examplesFrom(`${row}\n${row}\n`));
});

test.each([
  ["no JSON", "{user"],
  ["no object", '"text"'],
  ["null", "null"],
  ["a number as text", '{"user":"u","assistant":3}'],
  ["half a pair", '{"user":"u"}'],
  ["messages of another type", '{"messages":"u"}'],
  ["a message without content", '{"messages":[{"role":"user"}]}'],
  ["a content of parts", '{"messages":[{"role":"user","content":[]}]}'],
  ["a tool's message", '{"messages":[{"role":"tool","content":"r"}]}'],
  ["a message that is null", '{"messages":[null]}'],
])("a row with %s is a problem with its line", (_what, row) => {
  expect(problemsFrom(`{"user":"u","assistant":"a"}\n\n${row}\n`)).toEqual([
    expect.stringMatching(/^crossover\.yaml:\d+ prompts\.p\.examples: shots\.jsonl, line 3: not an example/),
  ]);
});

test("every bad row is told", () => {
  expect(problemsFrom("1\n2\n3\n")).toHaveLength(3);
});

test("a file that is not there is named", () => {
  expect(shownProblems(small({ prompts: { p: { examples: "none.jsonl" } } }))).toEqual([
    expect.stringMatching(/prompts\.p\.examples: the file none\.jsonl can't be read$/),
  ]);
});

test("problems in inline examples name the one", () => {
  const examples = [
    { user: "u", assistant: "a" },
    { user: "{{ x }}", assistant: "{% nope %}" },
  ];
  const keys = shownProblems(small({ prompts: { p: { examples } } })).map((one) => one.split(" ")[1]);
  expect(keys).toEqual(["prompts.p.examples[1].user:", "prompts.p.examples[1].assistant:"]);
});

test("a prompt's version is the hash of its content, wherever the examples stand", () => {
  const version = (prompt: Readonly<Record<string, unknown>>, jsonl = "") =>
    promptOf(prompt, { files: { "shots.jsonl": jsonl } }).version;
  const one = version({ system: "s", cue: "{{ query }}" });
  expect(one).toMatch(/^[0-9a-f]{12}$/);
  expect(version({ cue: "{{ query }}", system: "s" })).toBe(one);
  for (const other of [
    { system: "t", cue: "{{ query }}" },
    { system: "s" },
    { system: "s", cue: "{{ query }}", merge: "append" },
  ]) {
    expect(version(other)).not.toBe(one);
  }
  const file = (jsonl: string) => version({ examples: "shots.jsonl" }, jsonl);
  expect(file('{"user":"u","assistant":"a"}')).toBe(file('\n{ "assistant" : "a", "user":"u" }\n'));
  expect(file('{"user":"u","assistant":"a"}')).not.toBe(file('{"user":"u","assistant":"b"}'));
});
