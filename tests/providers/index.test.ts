import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { providerKinds } from "../../src/providers/index.ts";

test("every file of a provider is a line in the registry, under its own name", () => {
  const files = readdirSync(new URL("../../src/providers/", import.meta.url))
    .filter((name) => name.endsWith(".ts") && name !== "index.ts")
    .map((name) => name.slice(0, -".ts".length));
  expect(providerKinds.map(({ kind }) => kind).toSorted()).toEqual(files.toSorted());
});

test.each(providerKinds.map((kind) => [kind.kind, kind] as const))(
  "%s refuses settings that it does not know",
  (name, kind) => {
    const issues = kind.settings.safeParse({ kind: name, unknownSetting: 1 }).error?.issues ?? [];
    expect(issues.some(({ code }) => code === "unrecognized_keys")).toBe(true);
  },
);
