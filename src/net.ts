const LOOPBACK_NAMES: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Does this URL call the machine by a name that no web page can have? */
export function hasLoopbackName(url: string): boolean {
  return LOOPBACK_NAMES.has(new URL(url).hostname);
}

/** Is this address one that only the machine itself can reach? */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
