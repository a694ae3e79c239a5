import { z } from "zod";
import type { StickyKey, Table, Use } from "../domain/table.ts";
import { stickyLabel } from "../routing/choose.ts";

/** A rule's choice without all that the variants are. */
const keptUse = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("variant"), variant: z.string() }),
  z.object({
    kind: z.literal("split"),
    name: z.string(),
    arms: z.array(z.object({ variant: z.string(), share: z.number() })),
    sticky_by: z.string().nullable(),
  }),
  z.object({
    kind: z.literal("rollout"),
    rollout: z.string(),
    control: z.string(),
    candidate: z.string(),
    sticky_by: z.string().nullable(),
  }),
]);

const keptRule = z.object({ name: z.string(), when: z.string().nullable(), use: keptUse });

/** The rules of a table, as they are kept for those who ask later why a request went where it did. No secret is in them. */
export const ruleSet = z.object({ routes: z.record(z.string(), z.array(keptRule)) });

export type RuleSet = z.infer<typeof ruleSet>;
export type KeptRule = z.infer<typeof keptRule>;
export type KeptUse = z.infer<typeof keptUse>;

/** The rules of a table. A secret that stands in a condition, such as one from the environment, is taken out. */
export function ruleSetOf({ routes, redaction }: Pick<Table, "routes" | "redaction">): RuleSet {
  return {
    routes: Object.fromEntries(
      [...routes].map(([name, { rules }]) => [
        name,
        rules.map(({ name: rule, when, use }) => ({
          name: rule,
          when: when === undefined ? null : redaction.secrets.redact(when.source),
          use: keptUseOf(use),
        })),
      ]),
    ),
  };
}

function keptUseOf(use: Use): KeptUse {
  switch (use.kind) {
    case "variant":
      return { kind: "variant", variant: use.variant.name };
    case "split": {
      const arms = use.arms.map(({ variant, share }) => ({ variant: variant.name, share }));
      return { kind: "split", name: use.name, arms, sticky_by: labelOf(use.sticky) };
    }
    case "rollout": {
      const { name, control, candidate, sticky } = use.rollout;
      return {
        kind: "rollout",
        rollout: name,
        control: control.name,
        candidate: candidate.name,
        sticky_by: labelOf(sticky),
      };
    }
  }
}

function labelOf(sticky: StickyKey | undefined): string | null {
  return sticky === undefined ? null : stickyLabel(sticky);
}

/**
 * With which odds a rule chose among variants.
 * @param decided the one that it chose, and with which propensity: it tells where a rollout stood
 */
export function oddsOf(use: KeptUse, decided: string, propensity: number): ReadonlyMap<string, number> {
  switch (use.kind) {
    case "variant":
      return new Map([[use.variant, 1]]);
    case "split":
      return new Map(use.arms.map((arm) => [arm.variant, arm.share]));
    case "rollout": {
      const share = decided === use.candidate ? propensity : 1 - propensity;
      return new Map([
        [use.control, 1 - share],
        [use.candidate, share],
      ]);
    }
  }
}

/**
 * How the conditions of a route turned out for a request that its rule took: those before it did not match.
 * @returns by the condition's source; empty where the rule is not among them
 */
export function verdictsBy(rules: readonly KeptRule[], rule: string): ReadonlyMap<string, boolean> {
  const index = rules.findIndex(({ name }) => name === rule);
  if (index === -1) return new Map();
  return new Map(
    rules
      .slice(0, index + 1)
      .flatMap(({ name, when }) => (when === null ? [] : [[when, name === rule] as const])),
  );
}
