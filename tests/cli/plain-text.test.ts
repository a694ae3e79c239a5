import { expect, test } from "vitest";
import { plainLine, plainText } from "../../src/cli/plain-text.ts";

test("nothing of a foreign text steers the terminal", () => {
  expect(plainText("\u001b[31mred\u001b]0;title\u0007\u009b1m\r\u0000")).toBe(
    "\ufffd[31mred\ufffd]0;title\ufffd\ufffd1m\ufffd\ufffd",
  );
  expect(plainText("a\u202eb\u2066c")).toBe("a\ufffdb\ufffdc");
});

test("lines, tabs and letters of all scripts stay", () => {
  const text = "é ש\tfür 日本\n👩🏽‍🚀";
  expect(plainText(text)).toBe(text);
});

test("a line is one line", () => {
  expect(plainLine(" a\n\n b\u2028c\td ")).toBe("a b c d");
});
