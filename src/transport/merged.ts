import { textParts } from "../domain/chat.ts";
import { isObject } from "../domain/json.ts";
import { type Allowance, Pile } from "./pile.ts";

type JsonObject = Readonly<Record<string, unknown>>;

/** Most tool calls in one answer. */
const MAX_CALLS = 1024;

/** Members of a choice that are no part of the answer, or are put together in another way. */
const NOT_KEPT: ReadonlySet<string> = new Set(["delta", "index", "logprobs", "text"]);

/** What a member is reckoned with besides its value, in characters. */
const MEMBER_CHARACTERS = 16;

/** Members of an object that comes in pieces. */
export class Merged {
  readonly #allowance: Allowance;
  readonly #members = new Map<string, { readonly value: unknown; readonly size: number }>();
  readonly #texts = new Map<string, Pile>();

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
  }

  /** The latest value counts. One that tells nothing, such as an empty text, takes no other's place. */
  replace(key: string, value: unknown): void {
    const before = this.#members.get(key);
    const empty = value === null || value === "" || value === 0 || value === undefined;
    if (empty && before !== undefined) return;
    if (before?.value === value) return;
    const size = typeof value === "string" ? value.length : (JSON.stringify(value)?.length ?? 0);
    const more = size - (before?.size ?? -key.length - MEMBER_CHARACTERS);
    if (this.#allowance.takes(more)) this.#members.set(key, { value, size });
  }

  /** Texts are put together; of other values the latest counts. */
  append(key: string, value: unknown): void {
    const pile = this.#texts.get(key);
    if (typeof value !== "string") {
      if (pile === undefined) this.replace(key, value);
    } else if (pile !== undefined) pile.add(this.#allowance.take(value));
    else if (this.#allowance.takes(key.length + MEMBER_CHARACTERS)) {
      const first = new Pile();
      first.add(this.#allowance.take(value));
      this.#texts.set(key, first);
      this.#members.set(key, { value: "", size: 0 }); // so that members stay in their order
    }
  }

  get(key: string): unknown {
    return this.#texts.get(key)?.text ?? this.#members.get(key)?.value;
  }

  /** `fromEntries` defines its members, so that `__proto__` is one as any other. */
  members(): Record<string, unknown> {
    return Object.fromEntries([...this.#members.keys()].map((key) => [key, this.get(key)]));
  }
}

/** A function and its arguments. */
class MergedFunction extends Merged {
  add(piece: JsonObject): void {
    for (const key of Object.keys(piece)) {
      if (key === "arguments") this.append(key, piece[key]);
      else this.replace(key, piece[key]);
    }
  }
}

class MergedCall {
  readonly #members: Merged;
  readonly #function: MergedFunction;
  #hasFunction = false;

  constructor(allowance: Allowance) {
    this.#members = new Merged(allowance);
    this.#function = new MergedFunction(allowance);
  }

  get id(): unknown {
    return this.#members.get("id");
  }

  add(piece: JsonObject): void {
    for (const key of Object.keys(piece)) {
      const value = piece[key];
      if (key === "function" && isObject(value)) {
        this.#hasFunction = true;
        this.#function.add(value);
      } else if (key !== "index") this.#members.replace(key, value);
    }
  }

  json(): JsonObject {
    return {
      ...this.#members.members(),
      ...(this.#hasFunction ? { function: this.#function.members() } : {}),
    };
  }
}

/** The tool calls of one answer, by their index. */
class MergedCalls {
  readonly #allowance: Allowance;
  readonly #calls: MergedCall[] = [];
  /** Where the latest call of an index stands. */
  readonly #places = new Map<unknown, number>();

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
  }

  get size(): number {
    return this.#calls.length;
  }

  add(pieces: readonly unknown[]): void {
    for (const piece of pieces) if (isObject(piece)) this.#callOf(piece)?.add(piece);
  }

  /** The call that a piece belongs to. Some servers give no index, or the same one to whole calls that differ in their id. */
  #callOf(piece: JsonObject): MergedCall | undefined {
    const { index, id } = piece;
    const place = this.#places.get(index);
    const known = place === undefined ? undefined : this.#calls[place];
    if (known !== undefined && !(isName(id) && isName(known.id) && id !== known.id && namesFunction(piece)))
      return known;
    if (this.#calls.length === MAX_CALLS) return undefined;
    const call = new MergedCall(this.#allowance);
    this.#places.set(index, this.#calls.length);
    this.#calls.push(call);
    return call;
  }

  json(): readonly JsonObject[] {
    return this.#calls.map((call) => call.json());
  }
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function namesFunction({ function: called }: JsonObject): boolean {
  return isObject(called) && isName(called["name"]);
}

/** One answer. */
export class MergedChoice {
  readonly #members: Merged;
  readonly #message: Merged;
  readonly #calls: MergedCalls;
  readonly #function: MergedFunction;
  #callsFunction = false;

  constructor(allowance: Allowance) {
    this.#members = new Merged(allowance);
    this.#message = new Merged(allowance);
    this.#calls = new MergedCalls(allowance);
    this.#function = new MergedFunction(allowance);
  }

  add(chunk: JsonObject): void {
    for (const key of Object.keys(chunk)) {
      const value = chunk[key];
      if (key === "delta" && isObject(value)) this.#addDelta(value);
      else if (!NOT_KEPT.has(key)) this.#members.replace(key, value);
    }
  }

  #addDelta(delta: JsonObject): void {
    for (const key of Object.keys(delta)) {
      const value = delta[key];
      switch (key) {
        case "role":
          this.#message.replace(key, value);
          break;
        case "content":
          this.#message.append(key, Array.isArray(value) ? textIn(value) : value);
          break;
        case "tool_calls":
          if (Array.isArray(value)) this.#calls.add(value);
          break;
        case "function_call":
          if (!isObject(value)) break;
          this.#callsFunction = true;
          this.#function.add(value);
          break;
        case "audio":
          break;
        default:
          this.#message.append(key, value);
      }
    }
  }

  json(index: number): JsonObject {
    const calls = this.#calls.size > 0 || this.#callsFunction;
    const { role = "assistant", content = null, ...others } = this.#message.members();
    return {
      index,
      message: {
        role,
        // Unstreamed it is null beside calls, where a stream often begins with an empty text.
        content: calls && content === "" ? null : content,
        ...others,
        ...(this.#calls.size > 0 ? { tool_calls: this.#calls.json() } : {}),
        ...(this.#callsFunction ? { function_call: this.#function.members() } : {}),
      },
      finish_reason: null,
      ...this.#members.members(),
    };
  }
}

/** A few servers send content in parts. */
function textIn(parts: readonly unknown[]): string {
  return textParts(parts)
    .map(({ text }) => text)
    .join("");
}
