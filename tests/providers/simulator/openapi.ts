import { Validator } from "@cfworker/json-schema";
import { expect } from "vitest";
import spec from "../../fixtures/openai-spec/openai-gateway-subset.json" with { type: "json" };

type Name = keyof typeof spec.components.schemas;

/** The bound that is written as older drafts have it is left out. */
const components: unknown = JSON.parse(JSON.stringify(spec.components), (key, value: unknown) =>
  key === "exclusiveMinimum" && value === true ? undefined : value,
);

/** Expects that a value is as OpenAI's specification has it. */
export function matchesSpec(name: Name, value: unknown): void {
  const validator = new Validator({ $ref: `#/components/schemas/${name}`, components }, "2020-12", false);
  const { errors } = validator.validate(JSON.parse(JSON.stringify(value)));
  expect(errors.map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`)).toEqual([]);
}
