import { ConfigError } from "../config/problem.ts";
import { GatewayError } from "../domain/errors.ts";

/** What a command says of an error: what happened and what to do, without a stack. */
export function errorText(error: unknown): string {
  if (error instanceof ConfigError)
    return `the configuration can't be used:\n  ${error.message.replaceAll("\n", "\n  ")}`;
  if (error instanceof GatewayError) return `${error.message} (${error.status} ${error.code})`;
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE")
    return "the port is in use. Choose another: PORT=8788 npm start";
  return error instanceof Error ? error.message : String(error);
}
