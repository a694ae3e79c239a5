import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { configJsonSchema } from "../../src/config/json-schema.ts";
import { configSchema } from "../../src/config/schema.ts";
import { memberOf } from "../../src/domain/json.ts";
import { providerKinds } from "../../src/providers/index.ts";

const folder = new URL("../../config/", import.meta.url);
const shipped = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
  /\.ya?ml$/.test(name),
);

test("the committed JSON Schema is what the schema gives: run `npm run schema` when this fails", () => {
  const committed: unknown = JSON.parse(readFileSync(new URL("crossover.schema.json", folder), "utf8"));
  expect(committed).toEqual(JSON.parse(JSON.stringify(configJsonSchema(providerKinds))));
});

test("the default configuration is among the shipped ones", () => {
  expect(shipped).toContain("crossover.yaml");
});

test.each(shipped)("config/%s fits the schema as it stands, variables and all", (name) => {
  const result = configSchema(providerKinds).safeParse(parse(readFileSync(new URL(name, folder), "utf8")));
  expect(result.error?.issues ?? []).toEqual([]);
});

test("every kind of provider and every section is described", () => {
  const schema = configJsonSchema(providerKinds);
  const properties = memberOf(schema, "properties");
  for (const section of [
    "server",
    "timeouts",
    "providers",
    "models",
    "prompts",
    "variants",
    "rollouts",
    "routes",
    "keys",
    "include",
  ]) {
    expect(memberOf(properties, section), section).toBeTypeOf("object");
  }
  const text = JSON.stringify(memberOf(properties, "providers"));
  for (const { kind } of providerKinds) expect(text).toContain(`"const":"${kind}"`);
});
