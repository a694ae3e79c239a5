import type { Table, Variant } from "../domain/table.ts";

export interface ProposalParts {
  readonly route: string;
  readonly control: Variant;
  readonly candidate: Variant;
  /** With the candidate in it. */
  readonly table: Table;
}

/** YAML: a rule that would move the route's traffic from the control to the candidate, in stages. */
export function proposalOf({ route, control, candidate }: ProposalParts): string {
  return [
    "routes:",
    `  ${route}:`,
    "    rules:",
    "      - name: tuned",
    "        use:",
    "          rollout:",
    `            name: ${candidate.name}`,
    `            control: ${control.name}`,
    `            candidate: ${candidate.name}`,
    "            stages: [1, 10, 50, 100]",
    "            stage: 0",
    "",
  ].join("\n");
}
