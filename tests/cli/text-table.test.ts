import { expect, test } from "vitest";
import { textTable } from "../../src/cli/text-table.ts";

test("names stand to the left, numbers to the right, under a line", () => {
  expect(
    textTable(
      ["name", "n"],
      [
        ["a", "1000"],
        ["longer", "7"],
      ],
      1,
    ),
  ).toBe(["name       n", "------  ----", "a       1000", "longer     7", ""].join("\n"));
});

test("a cell that is not there is empty, and no line ends in blanks", () => {
  expect(textTable(["a", "b"], [["x"]], 2)).toBe("a  b\n-  -\nx\n");
});
