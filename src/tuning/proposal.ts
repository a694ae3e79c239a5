import { Document, isSeq } from "yaml";
import type { Rule, Table, Use, Variant } from "../domain/table.ts";
import { stickyLabel } from "../routing/choose.ts";

const STAGES = [1, 5, 25, 50, 100];

interface ProposalParts {
  readonly route: string;
  /** The variant that the route uses now, and the one to move to. */
  readonly control: Pick<Variant, "name">;
  readonly candidate: Pick<Variant, "name">;
  readonly table: Pick<Table, "routes">;
}

/**
 * A rollout from the control to the candidate and the route's rules with it, as YAML to be put into the configuration:
 * all rules in their order, of which that for all other requests uses the rollout, if it used the control, alone or in a split.
 * Rules with a condition choose the control for some requests on purpose: they change only where no other rule uses it.
 */
export function proposalOf({ route, table, ...variants }: ProposalParts): string {
  const control = variants.control.name;
  const candidate = variants.candidate.name;
  const rules = table.routes.get(route)?.rules ?? [];
  const using = rules.filter(({ use }) => isOf(use, control));
  const forAll = using.filter(({ when }) => when === undefined);
  const moved = forAll.length > 0 ? forAll : using;
  const staying = using.filter((rule) => !moved.includes(rule));
  const document = new Document(
    {
      rollouts: { [candidate]: { control, candidate, stickyBy: "user", stages: STAGES, stage: 0 } },
      ...(moved.length === 0
        ? {}
        : {
            routes: {
              [route]: {
                rules: rules.map((rule) => ruleText(rule, moved.includes(rule) ? candidate : undefined)),
              },
            },
          }),
    },
    { aliasDuplicateObjects: false },
  );
  const stages = document.getIn(["rollouts", candidate, "stages"]);
  if (isSeq(stages)) stages.flow = true;
  document.commentBefore = [
    ` Nothing changes until this is put into the configuration. It moves users of ${route} from ${control}`,
    ` to ${candidate} in steps: ${STAGES.map((stage) => `${stage} %`).join(", ")}. Put in, it stands at the first, and nobody judges it:`,
    ` \`crossover rollout start ${candidate}\` lets it go on by itself, and back where a guardrail is crossed.`,
    ...(moved.length === 0
      ? [` Use it with \`use: { rollout: ${candidate} }\` where the route uses ${control}.`]
      : [
          ` The \`rules\` below replace \`rules\` and \`default\` of ${route} under \`routes\`; its other keys and other routes stay.`,
          ` Changed: ${namesOf(moved)}.${staying.length === 0 ? "" : ` As before, with ${control} for what they are about: ${namesOf(staying)}.`}`,
          ...moved.flatMap(({ name, use }) =>
            use.kind === "split" ? [` ${name} was a split of ${shares(use)}.`] : [],
          ),
        ]),
    ` The variant ${candidate} and its model are known where \`registered.yaml\` of this gateway's data folder is read.`,
    " A configuration that goes to other machines too, as by git, needs both entries: copy them from there into it.",
  ].join("\n");
  return document.toString({ lineWidth: 0 });
}

/** Does a rule with this use send requests to the variant by itself? */
function isOf(use: Use, variant: string): boolean {
  switch (use.kind) {
    case "variant":
      return use.variant.name === variant;
    case "split":
      return use.arms.some((arm) => arm.variant.name === variant);
    case "rollout":
      return false;
  }
}

/**
 * A rule as the configuration has it.
 * @param rollout what it uses instead
 */
function ruleText({ name, when, use }: Rule, rollout: string | undefined): object {
  return {
    name,
    ...(when && { when: when.source }),
    use: rollout === undefined ? useText(use) : { rollout },
  };
}

function namesOf(rules: readonly Rule[]): string {
  return rules.map(({ name }) => name).join(", ");
}

function useText(use: Use): string | object {
  switch (use.kind) {
    case "variant":
      return use.variant.name;
    case "split":
      return {
        split: Object.fromEntries(use.arms.map(({ variant, share }) => [variant.name, share])),
        ...(use.sticky && { stickyBy: stickyLabel(use.sticky) }),
        name: use.name,
      };
    case "rollout":
      return { rollout: use.rollout.name };
  }
}

function shares({ arms }: Extract<Use, { kind: "split" }>): string {
  return arms.map(({ variant, share }) => `${variant.name} ${+(share * 100).toFixed(2)} %`).join(", ");
}
