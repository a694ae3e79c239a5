/** Secrets that must not come out anywhere, whatever goes wrong. */
export const CANARIES = {
  client: "sk-cx-canary-of-the-client-7d1f0c",
  provider: "sk-canary-of-the-provider-5b93e2",
  second: "sk-canary-of-the-second-provider-0aa4",
  admin: "canary-of-the-admin-token-c41b77",
  metrics: "canary-of-the-metrics-token-19e8d5",
} as const;

/** The names of the secrets that a text holds, plain, in base64, or escaped for an address. */
export function canariesIn(text: string): readonly string[] {
  return Object.entries(CANARIES).flatMap(([name, secret]) =>
    [secret, encodeURIComponent(secret), ...base64Forms(secret)].some((form) => text.includes(form))
      ? [name]
      : [],
  );
}

/** What of a secret's base64 does not hang on the bytes around it, for each of its three places in a group. */
function base64Forms(secret: string): readonly string[] {
  return [0, 1, 2].map((before) =>
    Buffer.from("x".repeat(before) + secret)
      .toString("base64")
      .slice(before === 0 ? 0 : 4, -4),
  );
}
