import { Document, isSeq } from "yaml";
import type { Rule, Table, Variant } from "../domain/table.ts";

const STAGES = [1, 5, 25, 50, 100];

interface ProposalParts {
  readonly route: string;
  /** The variant that the route uses now, and the one to move to. */
  readonly control: Pick<Variant, "name">;
  readonly candidate: Pick<Variant, "name">;
  readonly table: Pick<Table, "routes">;
}

/**
 * A rollout from the control to the candidate and the rules that would use it, as YAML to be put into the
 * configuration: each rule in place of the one of its name. A route that uses the control in splits or rollouts
 * alone gets the rollout without rules.
 */
export function proposalOf({ route, table, ...variants }: ProposalParts): string {
  const control = variants.control.name;
  const candidate = variants.candidate.name;
  const rules = (table.routes.get(route)?.rules ?? []).filter(
    ({ use }) => use.kind === "variant" && use.variant.name === control,
  );
  const use = { rollout: candidate };
  const document = new Document({
    rollouts: { [candidate]: { control, candidate, stickyBy: "user", stages: STAGES, stage: 0 } },
    ...(rules.length === 0 ? {} : { routes: { [route]: routeWith(rules, use) } }),
  });
  const stages = document.getIn(["rollouts", candidate, "stages"]);
  if (isSeq(stages)) stages.flow = true;
  document.commentBefore = [
    ` Nothing changes until this is put into the configuration. It moves users of ${route} from ${control}`,
    ` to ${candidate} in steps: ${STAGES.map((stage) => `${stage} %`).join(", ")}. For the next step add 1 to \`stage\`.`,
    rules.length === 0
      ? ` Use it with \`use: { rollout: ${candidate} }\` where the route uses ${control}.`
      : ` What stands under \`routes\` goes in place of the ${rules.length === 1 ? "rule" : "rules"} there: ${rules.map(({ name }) => name).join(", ")}.`,
  ].join("\n");
  return document.toString({ lineWidth: 0 });
}

function routeWith(rules: readonly Rule[], use: object): object {
  const fallback = rules.find(isDefault);
  const others = rules.filter((rule) => rule !== fallback);
  return {
    ...(others.length === 0
      ? {}
      : { rules: others.map(({ name, when }) => ({ name, ...(when && { when: when.source }), use })) }),
    ...(fallback === undefined ? {} : { default: use }),
  };
}

/** A route's `default` is a last rule of this name. */
function isDefault({ name, when }: Rule): boolean {
  return name === "default" && when === undefined;
}
