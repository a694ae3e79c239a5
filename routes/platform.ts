import type { Context } from "hono";
import type { Inbound, Reply } from "../src/domain/transport.ts";
import type { RolloutControl } from "../src/rollouts/rollouts.ts";
import type { DataSource } from "../src/tuning/job-folders.ts";
import type { Tuning } from "../src/tuning/tuning.ts";

/** A chat request as the platform received it. */
export interface OpenExchange {
  readonly inbound: Inbound;
  readonly reply: Reply;
  /** Hands the answer to Hono, once `answered` has begun it. */
  respond(answered: Promise<void>): Promise<Response>;
}

/** The files of a data set. */
export interface DatasetFiles {
  readonly training: DataSource;
  readonly validation: DataSource | undefined;
}

/** What a platform gives to the routes. */
export interface Platform {
  open(context: Context): OpenExchange;
  /** Reads the configuration anew. @throws ConfigError when it is bad */
  reload?: () => boolean;
  /** Is there a newer configuration that can't be used? */
  configStale: () => boolean;
  /** Undefined: nothing is kept here, as on a Worker. */
  storeState?: () => "ok" | "degraded" | "off";
  /** May the admin surface answer without a token? Only where no stranger can reach it. */
  readonly openAdmin: () => boolean;
  /**
   * May this URL be served while there is no key? Undefined: every one, as the platform then listens on a loopback
   * address only.
   */
  readonly keyless?: (url: string) => boolean;
  /** Undefined: no model is trained from here, as there is no store, or on a Worker. */
  readonly tuning?: Tuning | undefined;
  /** Undefined: rollouts stand at their configured stages, as there is no store, or on a Worker. */
  readonly rollouts?: RolloutControl | undefined;
  /** Finds a data set on this machine. @throws GatewayError 400 when there is none at this path */
  readonly datasetAt?: (path: string) => Promise<DatasetFiles>;
}
