import { expect, test } from "vitest";
import { refine, refineBatch } from "../../src/captures/refine.ts";
import { newRedactor } from "../../src/redaction/redactor.ts";
import { REQUEST, rawOf, recipeOf } from "./raw.ts";

const redactor = newRedactor({ secrets: ["the-known-word"] });
const answer = (text: string, stream = false, truncated = false) => ({ answer: { text, stream, truncated } });

test("facts without texts stay so", () => {
  const { content: _texts, ...facts } = refine({ ...rawOf("a"), content: undefined }, redactor);
  expect(facts).toEqual(rawOf("a").facts);
});

test.each(["", "no JSON", '{"choices":', "[1]", "null", '"text"', '{"choices":{}}', '{"choices":[null]}'])(
  "an answer that is %j is kept with empty texts",
  (text) => {
    const { content } = refine(rawOf("a", answer(text)), redactor);
    expect(content).toMatchObject({ request: REQUEST, query: "Hi", answerText: "", finishReason: undefined });
    expect(content?.answer).toBe(text === "" ? undefined : text);
  },
);

test("a request that can't be read any more is kept, redacted as a text", () => {
  const { content } = refine(rawOf("a", { request: '{"key": "the-known-word' }), redactor);
  expect(content).toMatchObject({ request: '{"key": "[redacted:secret]', query: "" });
});

test("the query is the last user message, all its text parts", () => {
  const messages = [
    { role: "user", content: "first" },
    { role: "assistant", content: "answer" },
    {
      role: "user",
      content: [{ type: "text", text: "one" }, { type: "image_url" }, { type: "text", text: "two" }],
    },
    { role: "tool", content: "result" },
  ];
  const request = JSON.stringify({ messages });
  expect(refine(rawOf("a", { request }), redactor).content?.query).toBe("one\ntwo");
});

test("a stream that holds no chunk has no answer; one of an error alone has the error", () => {
  expect(refine(rawOf("a", answer(": ping\n\n", true)), redactor).content?.answer).toBeUndefined();
  const text = 'data: {"error":{"code":"c"}}\n\n';
  expect(refine(rawOf("a", answer(text, true)), redactor).content?.answer).toBe('{"error":{"code":"c"}}');
});

test("an answer that was cut says so", () => {
  expect(refine(rawOf("a", answer("", false, true)), redactor).content).toMatchObject({
    answer: undefined,
    truncated: true,
  });
});

test("an error's own code is told, unless the gateway has one; never of a good answer", () => {
  const error = answer('{"error":{"code":"theirs"}}');
  const code = (status: number, errorCode?: string): string | undefined =>
    refine(rawOf("a", error, { status, errorCode }), redactor).errorCode;
  expect([code(400), code(502, "ours"), code(200)]).toEqual(["theirs", "ours", undefined]);
});

test("names and values of metadata, the user and the sticky key are redacted", () => {
  const secret = "the-known-word";
  const facts = {
    user: `user ${secret}`,
    stickyKey: secret,
    metadata: { [secret]: "value", tenant: secret, __proto__x: "kept", password: "hunter2" },
  };
  const { user, stickyKey, metadata } = refine(rawOf("a", {}, facts), redactor);
  expect([user, stickyKey]).toEqual(["user [redacted:secret]", "[redacted:secret]"]);
  expect(metadata).toEqual({
    "[redacted:secret]": "value",
    tenant: "[redacted:secret]",
    __proto__x: "kept",
    password: "[redacted:secret]",
  });
});

test("numbers keep their digits where nothing is redacted, and the text its spaces", () => {
  const request = '{ "seed": 12345678901234567890, "top_p": 1.0,\n "messages": [] }';
  expect(refine(rawOf("a", { request }), redactor).content?.request).toBe(request);
});

test("each batch has the recipes of its captures, each once: the store may be a new one", () => {
  const captures = ["r1", "r2", "r1"].map((recipe, index) => rawOf(`${index}`, {}, { recipe }));
  const { recipes } = refineBatch({ captures, usage: [] }, redactor);
  expect(recipes).toEqual([recipeOf("r1"), recipeOf("r2")]);
});
