import { isLoopback } from "./net.ts";

/** Where a gateway listens, and what its user should know of it. */
export interface Exposure {
  readonly host: string;
  /** Can others than the machine itself reach it? */
  readonly open: boolean;
  readonly warning: string | undefined;
}

/** Without keys a gateway listens on a loopback address only: else everyone could use its providers' keys. */
export function exposureOf(host: string, keyRequired: boolean): Exposure {
  if (isLoopback(host)) return { host, open: false, warning: undefined };
  if (keyRequired) return { host, open: true, warning: undefined };
  return {
    host: "127.0.0.1",
    open: false,
    warning: `there are no keys, so it listens on 127.0.0.1 only and not on ${host}. Add \`keys\` to the configuration, or run \`crossover keys create NAME\` on this machine; then restart`,
  };
}
