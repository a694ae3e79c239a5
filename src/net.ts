/** How long requests under way may take to end after a signal to stop, in milliseconds. */
export const DRAIN_MS = 30_000;

/** Is this address one that only the machine itself can reach? */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
