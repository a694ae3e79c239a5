import fc from "fast-check";
import { expect, test } from "vitest";
import { bare } from "../../src/prompts/bare.ts";
import { chat } from "../domain/requests.ts";
import { anyRequest, conversation, texts } from "./conversations.ts";

test("strip-system drops system and developer messages and nothing else", () => {
  fc.assert(
    fc.property(anyRequest, (request) => {
      const before = structuredClone(request);
      const sent = bare(request, "strip-system");
      const rest = conversation(before.messages);
      // With nothing else in it the conversation stays whole: an upstream takes no empty one.
      expect(texts(sent.messages)).toEqual(texts(rest.length === 0 ? before.messages : rest));
      expect({ ...sent, messages: [] }).toEqual({ ...before, messages: [] });
      expect(request).toEqual(before);
    }),
    { numRuns: 300 },
  );
});

test("keep forwards the conversation as it is", () => {
  fc.assert(
    fc.property(anyRequest, (request) => {
      expect(bare(request, "keep")).toEqual(request);
    }),
  );
});

test("a conversation of system messages alone stays whole", () => {
  const messages = [
    { role: "system", content: "s" },
    { role: "developer", content: "d" },
  ];
  expect(bare(chat({ model: "m", messages }), "strip-system").messages).toHaveLength(2);
});

test("system messages in the middle are stripped too; tool calls and results stay", () => {
  const messages = [
    { role: "user", content: "u" },
    { role: "system", content: "s" },
    { role: "assistant", content: null, tool_calls: [{ id: "c" }] },
    { role: "tool", tool_call_id: "c", content: "r" },
  ];
  expect(bare(chat({ model: "m", messages }), "strip-system").messages.map(({ role }) => role)).toEqual([
    "user",
    "assistant",
    "tool",
  ]);
});
