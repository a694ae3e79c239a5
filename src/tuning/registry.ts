import type { Table } from "../domain/table.ts";

/** A tuned model and the variant that calls it, as the configuration will have them. */
export interface Registration {
  readonly model: {
    readonly name: string;
    /** One of the configuration's `providers`: what was trained there is nowhere else. */
    readonly provider: string;
    /** The upstream's own name: an `ft:` id, a deployment, an endpoint's URL. */
    readonly model: string;
    readonly baseModel: string;
    /** SHA-256 of the training file, without a byte-order mark. */
    readonly datasetHash: string;
    readonly tuningJob: string;
    /** Did the simulator train it in the provider's place? */
    readonly simulated: boolean;
    readonly hostingPerHour: number | undefined;
    /** USD. */
    readonly trainingCost: number | undefined;
  };
  readonly variant: {
    readonly name: string;
    /** The variant that answers when this one can't; none does for one that takes its name. */
    readonly fallback: string;
  };
  /** Does the variant count in place of the configuration's one of its name? That takes `tuning.replaceLive`. */
  readonly replaces: boolean;
}

/** Where tuned models are added to the configuration: a file in the data folder, which the gateway reads like its own. */
export interface Registry {
  /**
   * The configuration's table as it would be with this, which changes nothing.
   * @throws ConfigError where the two do not fit together, such as for a name that is taken
   */
  preview(registration: Registration): Table;
  /** Adds it, or puts it in place of what the same job registered before. @throws ConfigError */
  register(registration: Registration): Promise<void>;
}
