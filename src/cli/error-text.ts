import { ConfigError } from "../config/problem.ts";
import { GatewayError, messageOf } from "../domain/errors.ts";

/** The command was called in a wrong way. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What a command says of an error: what happened and what to do, without a stack. */
export function errorText(error: unknown): string {
  if (error instanceof ConfigError)
    return `the configuration can't be used:\n  ${error.message.replaceAll("\n", "\n  ")}`;
  if (error instanceof GatewayError) return `${error.message} (${error.status} ${error.code})`;
  if (error instanceof Error && "code" in error) {
    if (error.code === "EADDRINUSE") {
      const port = "port" in error ? ` ${String(error.port)}` : "";
      return `port${port} is in use: another Crossover may run there already. Choose another port by \`server.port\` or the environment's PORT`;
    }
    if ("path" in error) return fileErrorText(String(error.code), String(error.path), error);
  }
  return messageOf(error);
}

function fileErrorText(code: string, path: string, error: Error): string {
  if ("syscall" in error && error.syscall === "mkdir")
    return `the folder ${path} can't be made (${code}): look at the rights of the one above it`;
  switch (code) {
    case "ENOENT":
      return `there is no file ${path}`;
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return `${path} can't be read or written (${code}): look at its rights and its folder's`;
    default:
      return error.message;
  }
}
