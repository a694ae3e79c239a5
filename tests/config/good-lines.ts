/** A configuration that is good, line by line; a test changes some of it. */
export const LINES = `server: { port: 8787 }
providers:
  up: { kind: openai-compatible, baseURL: "http://127.0.0.1:1/v1" }
models:
  base: { provider: up, model: m }
prompts:
  helper: { system: You are a helper. }
variants:
  prompted: { model: base, prompt: helper }
  tuned: { model: base, fallback: [prompted] }
rollouts:
  move: { control: prompted, candidate: tuned, stages: [1, 100] }
routes:
  recipes:
    rules:
      - { name: vip, when: 'metadata.tier == "vip"', use: prompted }
      - { name: rest, use: { split: { prompted: 9, tuned: 1 }, stickyBy: user } }
keys:
  app: { secret: 0123456789abcdef, routes: [recipes] }
`;

/** The configuration with one text in place of another. */
export function changed(from: string, to: string): string {
  const text = LINES.replace(from, to);
  if (text === LINES) throw new Error(`the configuration has no ${from}`);
  return text;
}
