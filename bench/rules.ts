/** Rules and variants in numbers, as YAML. */

/** Rules of the common forms: equality, membership, comparison, contains. Only the last one matches. */
export function commonRules(count: number): string {
  const forms = [
    (i: number) => `metadata.tenant == "tenant-${i}"`,
    (i: number) => `metadata.tier == "tier-${i}"`,
    (i: number) => `metadata.team in ["team-${i}", "other-${i}"]`,
    (i: number) => `request.inputTokens > ${100_000 + i}`,
    (i: number) => `request.lastUserMessage.contains("phrase ${i}")`,
    (i: number) => `"tag-${i}" in key.tags`,
    (i: number) => `request.params.temperature > 1.${i}`,
    (i: number) => `metadata.region == "region-${i}" && request.stream`,
    (i: number) => `metadata.app == "app-${i}"`,
    (i: number) => `metadata.plan == "plan-${i}"`,
  ];
  return rules(count, (i) => forms[i % forms.length]?.(i) ?? "false");
}

/** Rules of no common form, for CEL's own evaluator. Only the last one matches. */
export function arbitraryRules(count: number): string {
  const forms = [
    (i: number) => `metadata.tier + "-" + metadata.team == "tier-${i}"`,
    (i: number) => `request.messages.exists(m, m.role == "role-${i}")`,
    (i: number) => `size(request.messages) > ${1000 + i}`,
    (i: number) => `time.getHours() + ${i} > 200`,
    (i: number) => `request.inputTokens * ${i} < 0`,
    (i: number) => `(request.stream ? "s" : "w") + metadata.team == "s${i}"`,
    (i: number) => `metadata.?plan.orValue("none") == "plan-${i}"`,
  ];
  return rules(count, (i) => forms[i % forms.length]?.(i) ?? "false");
}

function rules(count: number, condition: (index: number) => string): string {
  const lines = Array.from(
    { length: count - 1 },
    (_, i) => `      - { when: '${condition(i)}', use: prompted }`,
  );
  return [...lines, "      - { use: prompted }"].join("\n");
}

/** A configuration with `count` variants. */
export function manyVariants(count: number): string {
  const variants = Array.from({ length: count }, (_, i) => `  variant-${i}: { model: base }`);
  return `
providers: { up: { kind: openai-compatible, baseURL: "http://127.0.0.1:1/v1" } }
models: { base: { provider: up, model: base, price: { input: 1, output: 2 } } }
variants:
${variants.join("\n")}
routes: { all: { rules: [{ use: variant-0 }] } }
`;
}
