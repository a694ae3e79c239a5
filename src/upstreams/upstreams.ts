import { hash } from "node:crypto";
import type { Model, Table } from "../domain/table.ts";
import type { Circuit } from "./breaker.ts";
import { Upstream } from "./upstream.ts";

/** Hears when the circuit of a model opens, closes, or is probed. */
export type CircuitListener = (model: Model, circuit: Circuit) => void;

/** The upstream models of the configuration in force, and of those before on which requests still run. */
export class Upstreams {
  readonly #changed: CircuitListener;
  readonly #ofModel = new WeakMap<Model, Upstream>();
  #byIdentity = new Map<string, Upstream>();

  constructor(changed: CircuitListener) {
    this.#changed = changed;
  }

  /** Takes a new table. A model keeps what is known of it unless something changed on which that rests. */
  watch({ models, retries, breaker }: Table): void {
    const before = this.#byIdentity;
    this.#byIdentity = new Map();
    for (const model of models.values()) {
      const identity = identityOf(model, [retries, breaker]);
      const upstream =
        before.get(identity) ??
        new Upstream(retries, breaker, (circuit) => {
          if (this.#byIdentity.has(identity)) this.#changed(model, circuit);
        });
      this.#byIdentity.set(identity, upstream);
      this.#ofModel.set(model, upstream);
    }
  }

  /** @throws RangeError for a model of a table that was never watched */
  of(model: Model): Upstream {
    const upstream = this.#ofModel.get(model);
    if (upstream === undefined) throw new RangeError(`the model ${model.name} is not watched`);
    return upstream;
  }
}

/** Another address, key or name is another upstream: a circuit that a bad key opened must not outlive the key. */
function identityOf({ name, provider, upstreamModel, endpoints }: Model, settings: unknown): string {
  return hash("sha256", JSON.stringify([name, provider, upstreamModel, endpoints.whole, settings]));
}
