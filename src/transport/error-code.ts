/** The system's code of an error or of what caused it, such as ECONNREFUSED. Its text may name hosts and paths. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  return codeOf(error.cause);
}
