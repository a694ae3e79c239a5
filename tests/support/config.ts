/** A configuration with one upstream, an enriched variant and a bare one, and the members given on top. */
export function twoPaths(
  upstreamUrl: string,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    server: { port: 0 },
    retries: { most: 0 }, // each failure is seen as it is
    providers: {
      up: { kind: "openai-compatible", baseURL: `${upstreamUrl}/v1`, apiKey: "sk-upstream-secret-0001" },
    },
    models: {
      base: { provider: "up", model: "base-model", price: { input: 1, output: 2 } },
      ft: { provider: "up", model: "base-model-tuned", fineTuned: true, price: { input: 3, output: 6 } },
    },
    prompts: {
      helper: {
        system: "You are a helper.",
        examples: [{ user: "Example question", assistant: "Example answer" }],
        cue: "Question: {{ query }}",
      },
    },
    variants: { prompted: { model: "base", prompt: "helper" }, tuned: { model: "ft" } },
    routes: {
      enriched: { rules: [{ name: "all", use: "prompted" }] },
      bare: { rules: [{ name: "all", use: "tuned" }] },
    },
    ...more,
  };
}
