import type { ChatRequest } from "../domain/chat.ts";
import { RequestView } from "../domain/signals.ts";
import type { Condition, ConditionView, Reference, VariantHealth, Verdict } from "../domain/table.ts";

/** The client's key of an earlier request. */
export interface PastKey {
  readonly name: string;
  /** Undefined: not known any more. */
  readonly tags: readonly string[] | undefined;
}

/** An earlier request as conditions see it. Its headers and the health of variants then were not kept. */
export class PastView {
  readonly #view: ConditionView;
  readonly #hasTags: boolean;
  #missed = false;

  constructor(request: ChatRequest, key: PastKey, at: Date) {
    const miss = (): never => {
      this.#missed = true;
      throw new Error("it was not kept");
    };
    this.#hasTags = key.tags !== undefined;
    this.#view = {
      request: new RequestView(request),
      metadata: request.fields.metadata,
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
    if (root === "key") return this.#hasTags || name !== "tags";
    return root !== "headers" && root !== "health";
  }

  /** @returns undefined where it is not there, or was not kept */
  read(reference: Reference): unknown {
    return this.has(reference) ? reference.read(this.#view) : undefined;
  }

  /** Why a condition can't be evaluated, in words. */
  problemOf(condition: Condition): string | undefined {
    try {
      condition.test(this.#view);
      return undefined;
    } catch (problem) {
      return problem instanceof Error ? problem.message : "it can't be evaluated";
    }
  }
}

/** An object that tells of every look at it. Conditions that come to their end without one do not depend on it. */
function notKept<Value>(miss: () => never): Readonly<Record<string, Value>> {
  return new Proxy<Record<string, Value>>(
    {},
    { get: miss, has: miss, ownKeys: miss, getOwnPropertyDescriptor: miss, getPrototypeOf: miss },
  );
}
