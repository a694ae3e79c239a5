import { type ChatRequest, ownRequest } from "../domain/chat.ts";
import { RequestView } from "../domain/signals.ts";
import type { Condition, ConditionView, Reference, VariantHealth, Verdict } from "../domain/table.ts";
import { explainMiss, shown } from "./explain.ts";

/** The client's key of an earlier request. */
export interface PastKey {
  readonly name: string;
  /** Undefined: not known any more. */
  readonly tags: readonly string[] | undefined;
}

/** What was kept of an earlier request. */
export interface Past {
  /** Undefined: its texts were not kept. */
  readonly request: ChatRequest | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly key: PastKey;
  readonly at: Date;
}

/** An earlier request as conditions see it. Its headers and the health of variants then were not kept. */
export class PastView {
  readonly #past: Past;
  readonly #view: ConditionView;
  #missed = false;

  constructor(past: Past) {
    const { request, metadata, key, at } = past;
    const miss = (): never => {
      this.#missed = true;
      throw new Error("it was not kept");
    };
    this.#past = past;
    this.#view = {
      request: new RequestView(request ?? new Proxy(ownRequest(""), { get: miss })),
      metadata,
      headers: notKept<string>(miss),
      key: {
        name: key.name,
        get tags() {
          return key.tags ?? miss();
        },
      },
      time: at,
      health: notKept<VariantHealth>(miss),
    };
  }

  /** @returns "untold" where it depends on what was not kept */
  verdict(condition: Condition): Verdict | "untold" {
    this.#missed = false;
    try {
      return condition.test(this.#view);
    } catch {
      return this.#missed ? "untold" : "error";
    }
  }

  /** Was the value that a condition looks at kept? */
  has({ segments: [root, name] }: Reference): boolean {
    switch (root) {
      case "headers":
      case "health":
        return false;
      case "request":
        return this.#past.request !== undefined;
      case "key":
        return name !== "tags" || this.#past.key.tags !== undefined;
      default:
        return true;
    }
  }

  /** The values that a condition looks at and that were kept, by their path; null for those that were not there. */
  values(condition: Condition): Record<string, unknown> {
    const kept = condition.references.filter((reference) => this.has(reference));
    return Object.fromEntries(kept.map(({ path, read }) => [path, shown(read(this.#view))]));
  }

  /** Paths of the values that it looks at and that were not kept. */
  missing(condition: Condition): readonly string[] {
    return condition.references.filter((reference) => !this.has(reference)).map(({ path }) => path);
  }

  /** Why a condition that can be told did not match, in words. */
  explainMiss(condition: Condition): string {
    return explainMiss(condition, this.#view);
  }
}

/** An object that tells of every look at it. Conditions that come to their end without one do not depend on it. */
function notKept<Value>(miss: () => never): Readonly<Record<string, Value>> {
  return new Proxy<Record<string, Value>>(
    {},
    { get: miss, has: miss, ownKeys: miss, getOwnPropertyDescriptor: miss, getPrototypeOf: miss },
  );
}
