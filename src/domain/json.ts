/**
 * A look at JSON text without building values: where its members are, how deep and how large it is.
 * The gateway forwards the client's own bytes, so numbers, escapes and unknown fields stay as they were.
 */

/** A member of the outermost object. */
export interface Member {
  readonly key: string;
  /** The key as JSON. */
  readonly keyJson: string;
  /** The value's own text. */
  readonly json: string;
  /** When the value is an array: the text of each element. */
  readonly items: readonly string[] | undefined;
}

export interface JsonLimits {
  /** Deepest nesting allowed; the outermost object is level 1. */
  readonly depth: number;
  /** Most values allowed (members, elements, containers). Bounds the time that JSON.parse can take. */
  readonly nodes: number;
}

/** The text goes past a limit. */
export class JsonLimitError extends Error {
  override readonly name = "JsonLimitError";
  readonly limit: keyof JsonLimits;
  constructor(limit: keyof JsonLimits, most: number) {
    super(limit === "depth" ? `nesting deeper than ${most} levels` : `more than ${most} values`);
    this.limit = limit;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const UNLIMITED: JsonLimits = { depth: Number.POSITIVE_INFINITY, nodes: Number.POSITIVE_INFINITY };

/** Index just after the string that opens at `start`; the text's length when it does not close. */
function stringEnd(text: string, start: number): number {
  let from = start + 1;
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote === -1) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
    from = quote + 1;
  }
}

function decodeKey(raw: string): string {
  const inner = raw.slice(1, -1);
  if (!inner.includes("\\")) return inner;
  try {
    return String(JSON.parse(raw));
  } catch {
    return inner; // not JSON: JSON.parse of the whole text reports it
  }
}

/**
 * Lists the members of the JSON object in `text`, in one pass. Text that is not a JSON object gives
 * some list and no error: check it with JSON.parse afterwards.
 * @throws JsonLimitError when the text goes past `limits`
 * @example outline('{"a":[1,{}],"b":2.0}') // [{key:"a",json:"[1,{}]",items:["1","{}"]},{key:"b",json:"2.0"}]
 */
export function outline(text: string, limits: JsonLimits = UNLIMITED): Member[] {
  const members: Member[] = [];
  let depth = 0;
  let nodes = 0;
  let key: string | undefined;
  let keyJson = "";
  let valueStart = -1;
  let items: string[] | undefined;
  let itemStart = -1;
  let tokenEnd = 0;

  const begin = (at: number): void => {
    if (depth === 1 && key !== undefined && valueStart === -1) valueStart = at;
    else if (depth === 2 && items !== undefined && itemStart === -1) itemStart = at;
  };
  const closeItem = (): void => {
    if (items !== undefined && itemStart !== -1) items.push(text.slice(itemStart, tokenEnd));
    itemStart = -1;
  };
  const closeMember = (): void => {
    if (key !== undefined && valueStart !== -1) {
      members.push({ key, keyJson, json: text.slice(valueStart, tokenEnd), items });
    }
    key = undefined;
    valueStart = -1;
    items = undefined;
  };

  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    switch (c) {
      case 0x20:
      case 0x09:
      case 0x0a:
      case 0x0d:
      case 0x3a: // a colon carries nothing: a key is known by being first
        break;
      case QUOTE: {
        const end = stringEnd(text, i);
        if (depth === 1 && key === undefined) {
          keyJson = text.slice(i, end);
          key = decodeKey(keyJson);
          if (key.length < keyJson.length - 2) keyJson = JSON.stringify(key); // it had escapes
        } else begin(i);
        i = end - 1;
        tokenEnd = end;
        break;
      }
      case 0x7b: // {
      case 0x5b: // [
        begin(i);
        if (depth === 1 && c === 0x5b && key !== undefined) items = [];
        depth++;
        if (depth > limits.depth) throw new JsonLimitError("depth", limits.depth);
        if (++nodes > limits.nodes) throw new JsonLimitError("nodes", limits.nodes);
        break;
      case 0x7d: // }
      case 0x5d: // ]
        if (depth === 2) closeItem();
        else if (depth === 1) closeMember();
        depth--;
        tokenEnd = i + 1;
        break;
      case 0x2c: // ,
        if (++nodes > limits.nodes) throw new JsonLimitError("nodes", limits.nodes);
        if (depth === 1) closeMember();
        else if (depth === 2) closeItem();
        break;
      default:
        begin(i);
        tokenEnd = i + 1;
    }
  }
  return members;
}

/**
 * The object in `text` with some members given new value texts; new members go last. What is not named
 * keeps its own text.
 * @example replaceMembers('{"a":1.0,"b":2}', { b: "3", c: "4" }) // '{"a":1.0,"b":3,"c":4}'
 */
export function replaceMembers(text: string, changes: Readonly<Record<string, string>>): string {
  return joinMembers(outline(text), changes);
}

/**
 * Writes `members` as an object, with the value texts of `changes` in place of or after their own. A changed
 * member that stood twice is written once, so that no reader can take the old value.
 */
export function joinMembers(members: readonly Member[], changes: Readonly<Record<string, string>>): string {
  const text = new ObjectText();
  const written: string[] = [];
  for (const member of members) {
    const { key } = member;
    const changed = Object.hasOwn(changes, key) ? changes[key] : undefined;
    if (changed === undefined) text.keep(member);
    else if (!written.includes(key)) {
      text.add(key, changed);
      written.push(key);
    }
  }
  for (const key of Object.keys(changes)) if (!written.includes(key)) text.add(key, changes[key] ?? "null");
  return text.end();
}

/** Writes an object member by member, by concatenation as `arrayText` does. */
export class ObjectText {
  #text = "{";

  /** @param json the value's own text */
  add(key: string, json: string): void {
    this.keep({ keyJson: JSON.stringify(key), json });
  }

  keep({ keyJson, json }: Pick<Member, "keyJson" | "json">): void {
    this.#text += this.#text.length > 1 ? `,${keyJson}:${json}` : `${keyJson}:${json}`;
  }

  end(): string {
    return `${this.#text}}`;
  }
}

/**
 * The array of these element texts. Joined by concatenation: V8 then copies a large element once, when the
 * whole text is written, and not in every step on the way.
 */
export function arrayText(items: readonly string[]): string {
  let out = "[";
  for (const item of items) out += out.length === 1 ? item : `,${item}`;
  return `${out}]`;
}

/** The member `key` of an object; undefined for anything that has none. */
export function memberOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? Reflect.get(value, key)
    : undefined;
}

/** A parsed JSON text; undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A parsed JSON object; undefined when the text is not JSON or not an object. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  const value = parseJson(text);
  return isObject(value) ? value : undefined;
}

/** A text and the same text as JSON, so that what is sent again and again is written once. */
export interface JsonText {
  readonly text: string;
  readonly json: string;
}

export function jsonText(text: string): JsonText {
  return { text, json: JSON.stringify(text) };
}

/** Is this a JSON object, and no array? */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
