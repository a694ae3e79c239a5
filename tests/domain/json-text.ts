import fc from "fast-check";

/** How a JSON text is written; none of it changes what it means. */
export interface JsonStyle {
  /** White space around every token. */
  readonly space: string;
  /** Write every character of a string as \uXXXX. */
  readonly escaped: boolean;
}

export const jsonStyle: fc.Arbitrary<JsonStyle> = fc.record({
  space: fc.constantFrom("", " ", "\n", "\t", "\r\n  ", " \n\t "),
  escaped: fc.boolean(),
});

export const anyJson: fc.Arbitrary<fc.JsonValue> = fc.jsonValue({ stringUnit: "binary", maxDepth: 4 });

/** Members of an object in the order of their text, each key once. */
export const anyMembers: fc.Arbitrary<[string, fc.JsonValue][]> = fc.uniqueArray(
  fc.tuple(fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("__proto__", "1", "messages")), anyJson),
  { selector: ([key]) => key, maxLength: 8 },
);

export function printString(text: string, { escaped }: JsonStyle): string {
  if (!escaped) return JSON.stringify(text);
  return `"${text.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)}"`;
}

/** A value as JSON text in a style. */
export function printJson(value: unknown, style: JsonStyle): string {
  if (typeof value === "string") return printString(value, style);
  if (Array.isArray(value)) {
    return `[${value.map((item) => pad(printJson(item, style), style)).join(",")}${value.length === 0 ? style.space : ""}]`;
  }
  if (typeof value === "object" && value !== null) {
    return printMembers(
      Object.entries(value).filter(([, inner]) => inner !== undefined),
      style,
    );
  }
  return JSON.stringify(value);
}

/** An object as JSON text, its members in the order given. */
export function printMembers(
  members: readonly (readonly [key: string, value: unknown])[],
  style: JsonStyle,
): string {
  const texts = members.map(
    ([key, value]) => `${pad(printString(key, style), style)}:${pad(printJson(value, style), style)}`,
  );
  return `{${texts.join(",")}${texts.length === 0 ? style.space : ""}}`;
}

function pad(text: string, { space }: JsonStyle): string {
  return `${space}${text}${space}`;
}
