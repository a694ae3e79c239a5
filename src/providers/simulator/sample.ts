/** A smallest value that fits a JSON Schema, for tool arguments and structured answers. */
export function sampleOf(schema: unknown): unknown {
  if (typeof schema !== "object" || schema === null) return {};
  const get = (key: string): unknown => Reflect.get(schema, key);
  const choices = get("enum");
  if (get("const") !== undefined) return get("const");
  if (Array.isArray(choices) && choices.length > 0) return choices[0];
  for (const key of ["anyOf", "oneOf", "allOf"]) {
    const branches = get(key);
    if (Array.isArray(branches) && branches.length > 0) return sampleOf(branches[0]);
  }
  const type = get("type");
  switch (Array.isArray(type) ? type[0] : type) {
    case "string":
      return "simulated";
    case "integer":
    case "number":
      return typeof get("minimum") === "number" ? get("minimum") : 0;
    case "boolean":
      return true;
    case "null":
      return null;
    case "array":
      return typeof get("minItems") === "number" && Number(get("minItems")) > 0
        ? [sampleOf(get("items"))]
        : [];
    default:
      return sampleObject(get("properties"), get("required"));
  }
}

function sampleObject(properties: unknown, required: unknown): Record<string, unknown> {
  if (typeof properties !== "object" || properties === null) return {};
  const names = Array.isArray(required) ? required.map(String) : Object.keys(properties);
  return Object.fromEntries(names.map((name) => [name, sampleOf(Reflect.get(properties, name))]));
}
