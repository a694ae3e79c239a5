import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { proposalOf } from "../../src/tuning/proposal.ts";
import { tableOf } from "../config/tables.ts";

type Section = Readonly<Record<string, unknown>>;

interface RouteText {
  readonly rules?: readonly { readonly name: string; readonly use: unknown }[];
  readonly default?: unknown;
}

function configured(route: RouteText) {
  return {
    providers: { sim: { kind: "simulator" } },
    models: { base: { provider: "sim", model: "m" }, ft: { provider: "sim", model: "ft:m:x::1" } },
    prompts: { helper: { system: "Help." } },
    variants: {
      prompted: { model: "base", prompt: "helper" },
      tuned: { model: "ft" },
      other: { model: "base" },
    },
    routes: { recipes: route, elsewhere: { default: "prompted" } },
  };
}

const propose = (route: RouteText): string =>
  proposalOf({
    route: "recipes",
    control: { name: "prompted" },
    candidate: { name: "tuned" },
    table: tableOf(configured(route)),
  });

/** The configuration with the proposal put in, as its comment says: its rules in place of the route's. */
function mergedWith(route: RouteText, proposal: string) {
  const config = configured(route);
  const parsed: { rollouts: Section; routes?: { recipes: RouteText } } = parse(proposal);
  return {
    ...config,
    rollouts: parsed.rollouts,
    routes: { ...config.routes, recipes: parsed.routes?.recipes ?? route },
  };
}

const rollout = {
  kind: "rollout",
  rollout: {
    name: "tuned",
    stage: 0,
    policy: { stages: [1, 5, 25, 50, 100].map((percent) => ({ percent })) },
    sticky: { from: "user" },
  },
};

describe("a proposal loads when it is put in", () => {
  test("in place of the rule for all; those with a condition go on with the control", () => {
    const route = {
      rules: [
        { name: "gold", when: "metadata.tier == 'gold'", use: "other" },
        { name: "silver", when: "metadata.tier == 'silver'", use: "prompted" },
        { name: "all", use: "prompted" },
      ],
    };
    const proposal = propose(route);
    expect(proposal).toContain("# Changed: all. As before, with prompted for what they are about: silver.");
    const rules = tableOf(mergedWith(route, proposal)).routes.get("recipes")?.rules;
    expect(rules).toMatchObject([
      { name: "gold", use: { kind: "variant", variant: { name: "other" } } },
      {
        name: "silver",
        when: { source: "metadata.tier == 'silver'" },
        use: { kind: "variant", variant: { name: "prompted" } },
      },
      { name: "all", when: undefined, use: rollout },
    ]);
  });

  test("in place of the default", () => {
    const route = { rules: [{ name: "some", when: "request.stream", use: "other" }], default: "prompted" };
    const rules = tableOf(mergedWith(route, propose(route))).routes.get("recipes")?.rules;
    expect(rules).toMatchObject([
      { name: "some", use: { kind: "variant", variant: { name: "other" } } },
      { name: "default", use: rollout },
    ]);
  });

  test("in place of the rules with a condition that use the control, where no other does", () => {
    const route = { rules: [{ name: "some", when: "request.stream", use: "prompted" }], default: "other" };
    const proposal = propose(route);
    expect(proposal).toContain("# Changed: some.\n");
    const rules = tableOf(mergedWith(route, proposal)).routes.get("recipes")?.rules;
    expect(rules).toMatchObject([
      { name: "some", when: { source: "request.stream" }, use: rollout },
      { name: "default", use: { kind: "variant", variant: { name: "other" } } },
    ]);
  });

  test("in place of a split, which the comment tells; others stay as they are", () => {
    const route = {
      rules: [
        {
          name: "half",
          when: "request.stream",
          use: { split: { tuned: 1, other: 3 }, stickyBy: "metadata.team" },
        },
      ],
      default: { split: { prompted: 1, other: 1 } },
    };
    const proposal = propose(route);
    expect(proposal).toContain("# default was a split of prompted 50 %, other 50 %.");
    const rules = tableOf(mergedWith(route, proposal)).routes.get("recipes")?.rules;
    expect(rules).toMatchObject([
      {
        name: "half",
        use: {
          kind: "split",
          name: "recipes/half",
          arms: [
            { variant: { name: "tuned" }, share: 0.25 },
            { variant: { name: "other" }, share: 0.75 },
          ],
          sticky: { from: "metadata", name: "team" },
        },
      },
      { name: "default", use: rollout },
    ]);
  });

  test("as a rollout alone where the control stands in no rule", () => {
    const route = { default: "other" };
    const proposal = propose(route);
    expect(parse(proposal).routes).toBeUndefined();
    expect(proposal).toContain("use: { rollout: tuned }");
    expect(() => tableOf(mergedWith(route, proposal))).not.toThrow();
  });

  test("without YAML's anchors, which a reader would have to follow", () => {
    const rules = ["a", "b"].map((name) => ({ name, when: "request.stream", use: "prompted" }));
    expect(propose({ rules, default: "prompted" })).not.toMatch(/[&*]/);
  });
});

test("it says that nothing changes until then, and what goes where", () => {
  expect(
    propose({ rules: [{ name: "all", use: "prompted" }] }),
  ).toBe(`# Nothing changes until this is put into the configuration. It moves users of recipes from prompted
# to tuned in steps: 1 %, 5 %, 25 %, 50 %, 100 %. Put in, it stands at the first, and nobody judges it:
# \`crossover rollout start tuned\` lets it go on by itself, and back where a guardrail is crossed.
# The \`rules\` below replace \`rules\` and \`default\` of recipes under \`routes\`; its other keys and other routes stay.
# Changed: all.
# The variant tuned and its model are known where \`registered.yaml\` of this gateway's data folder is read.
# A configuration that goes to other machines too, as by git, needs both entries: copy them from there into it.

rollouts:
  tuned:
    control: prompted
    candidate: tuned
    stickyBy: user
    stages: [ 1, 5, 25, 50, 100 ]
    stage: 0
routes:
  recipes:
    rules:
      - name: all
        use:
          rollout: tuned
`);
});
