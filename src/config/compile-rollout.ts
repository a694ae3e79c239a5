import type { AdaptiveSettings, Guardrail, Policy, Rollout, Stage } from "../domain/rollout.ts";
import type { CompareSettings, Variant } from "../domain/table.ts";
import { type CompileContext, type Defined, lookUp } from "./compile.ts";
import type { ConfigPath } from "./problem.ts";
import type { RolloutConfig } from "./rollout-schema.ts";
import { stickyKey } from "./sticky.ts";

const STAGES = [1, 5, 25, 50, 100];
const ADAPTIVE_STAGES = [50];
const RATIO = 1;
const MARGIN = 0.1;

interface RolloutContext {
  readonly variants: Defined<Variant>;
  readonly compare: CompareSettings;
  readonly report: CompileContext["report"];
  /** Tells of what is allowed but likely not what was meant. */
  readonly note: (notice: string) => void;
}

/** Notes a problem of one rollout. */
type Report = (path: ConfigPath, message: string) => void;

/** A rollout with all that it left out. */
export function compileRollout(
  name: string,
  rollout: RolloutConfig,
  { variants, compare, report, note }: RolloutContext,
): Rollout | undefined {
  const own: Report = (path, message) => report(["rollouts", name, ...path], message);
  const side = (key: "control" | "candidate"): Variant | undefined =>
    lookUp("variant", rollout[key], variants, ["rollouts", name, key], report);
  const control = side("control");
  const candidate = side("candidate");
  if (rollout.control === rollout.candidate)
    own(["candidate"], "it is the control too: a rollout goes from one variant to another");
  const { stage = 0, webhook } = rollout;
  const sticky = rollout.stickyBy ?? (rollout.adaptive === undefined ? "user" : undefined);
  if (sticky === undefined && rollout.proof?.each === "key")
    own(["proof", "each"], "without `stickyBy` there are no keys to count: leave it out, or say `request`");
  const policy = policyOf(rollout, sticky !== undefined, own);
  if (stage >= policy.stages.length)
    own(["stage"], `there are only ${policy.stages.length} stages, counted from 0`);
  if (rollout.guardrails?.judge !== undefined && compare.judge === undefined)
    own(["guardrails", "judge"], "nobody judges: this guardrail needs `compare.judge`");
  for (const notice of [...unshadowed(rollout, policy), ...unpriced(policy, candidate, compare)])
    note(`rollout ${name}: ${notice}`);
  if (control === undefined || candidate === undefined) return undefined;
  return {
    name,
    control,
    candidate,
    sticky: sticky === undefined ? undefined : stickyKey(sticky, ["rollouts", name, "stickyBy"], report),
    policy,
    stage,
    webhook: webhook && { url: webhook.url, secret: webhook.secret },
  };
}

function policyOf(rollout: RolloutConfig, isSticky: boolean, report: Report): Policy {
  const { alpha = 0.01, proof = {}, onSuccess = "promote", onFailure = "rollback", shadow = {} } = rollout;
  const adaptive = adaptiveOf(rollout.adaptive, report);
  const stages = stagesOf(rollout, report);
  if (adaptive !== undefined) checkAdaptive(rollout, adaptive, stages, report);
  return {
    stages,
    guardrails: guardrailsOf(rollout.guardrails, report),
    alpha,
    proof: { margin: proof.margin ?? 0.02, each: isSticky ? (proof.each ?? "key") : "request" },
    onSuccess,
    onFailure,
    shadow: { concurrency: shadow.concurrency ?? 4, usdPerDay: shadow.usdPerDay },
    adaptive,
  };
}

/** Fewest requests of the candidate at a stage that does not say it: the first stages, where faults are cheap, last equally long. */
export function minRequestsAt(percent: number): number {
  return Math.min(500, Math.max(100, Math.round(100 * percent)));
}

function stagesOf({ stages, proof = {}, adaptive }: RolloutConfig, report: Report): readonly Stage[] {
  const configured = stages ?? (adaptive === undefined ? STAGES : ADAPTIVE_STAGES);
  // What is adaptive has a test of its own for which side is the better one.
  const provedFrom = adaptive === undefined ? (proof.above ?? 25) : Number.POSITIVE_INFINITY;
  const compiled = configured.map((one) => {
    const stage = typeof one === "number" ? { percent: one } : one;
    return {
      percent: stage.percent,
      shadowPercent: stage.shadow ?? 0,
      minRequests: stage.minRequests ?? minRequestsAt(stage.percent),
      minMs: (stage.minTime ?? 600) * 1000,
      soakMs: (stage.soak ?? 0) * 1000,
      proof: stage.proof ?? (stage.percent > 0 && stage.percent >= provedFrom),
    };
  });
  compiled.forEach(({ percent, shadowPercent, proof: isProofNeeded }, index) => {
    const path = ["stages", index];
    if (percent <= (compiled[index - 1]?.percent ?? -1))
      report(path, "each stage needs a larger percentage than the one before");
    if (percent === 100 && shadowPercent > 0)
      report([...path, "shadow"], "at 100% the control answers nothing that could be shadowed");
    if (percent === 0 && isProofNeeded)
      report(
        [...path, "proof"],
        "at 0% the candidate answers nobody, so that nothing is proved: leave it out",
      );
    if (percent === 0 && shadowPercent === 0)
      report(path, "at 0% nothing is learned of the candidate: give this stage a `shadow`, or leave it out");
  });
  return compiled;
}

function guardrailsOf(guardrails: RolloutConfig["guardrails"] = {}, report: Report): readonly Guardrail[] {
  const {
    errors = {},
    validity = {},
    latency = {},
    firstToken = {},
    cost = {},
    judge,
    feedback,
  } = guardrails;
  const all: Guardrail[] = [];
  if (errors !== false) all.push({ kind: "errors", ratio: errors.ratio ?? RATIO });
  if (validity !== false) all.push({ kind: "validity", ratio: validity.ratio ?? RATIO });
  if (latency !== false) all.push({ kind: "latency", margin: latency.margin ?? MARGIN });
  if (firstToken !== false) all.push({ kind: "first_token", margin: firstToken.margin ?? MARGIN });
  if (cost !== false) all.push({ kind: "cost", margin: cost.margin ?? MARGIN });
  for (const [name, { margin, low = 0, high = 1, better = "higher" }] of Object.entries(feedback ?? {})) {
    const path = ["guardrails", "feedback", name];
    if (checkRange(low, high, path, report) && margin >= high - low)
      report([...path, "margin"], `no mean can be worse by so much: values go from ${low} to ${high}`);
    all.push({ kind: "feedback", feedback: name, margin, low, high, better });
  }
  if (judge !== undefined) all.push({ kind: "judge", margin: judge.margin });
  return all;
}

function adaptiveOf(config: RolloutConfig["adaptive"], report: Report): AdaptiveSettings | undefined {
  if (config === undefined) return undefined;
  const { reward = "success", floor = 0.1, confidence = 0.95 } = config;
  if (reward === "success") return { reward: { kind: "success" }, floor, confidence };
  const { feedback, low = 0, high = 1 } = reward;
  checkRange(low, high, ["adaptive", "reward"], report);
  return { reward: { kind: "feedback", feedback, low, high }, floor, confidence };
}

/** What adapts begins at one stage, and goes from there wherever it learns to. */
function checkAdaptive(
  { stages: configured }: RolloutConfig,
  { floor }: AdaptiveSettings,
  stages: readonly Stage[],
  report: Report,
): void {
  const [first] = stages;
  if (stages.length > 1)
    report(
      ["stages"],
      "with `adaptive` shares follow what is learned: leave `stages` out, or give one, with which to begin",
    );
  else if (configured !== undefined && first !== undefined) {
    const [lowest, highest] = [floor * 100, 100 - floor * 100];
    if (first.percent < lowest || first.percent > highest)
      report(
        ["stages", 0],
        `with \`adaptive\` it has to lie within what the floor leaves, ${lowest} to ${highest}`,
      );
  }
}

function checkRange(low: number, high: number, path: ConfigPath, report: Report): boolean {
  if (low < high) return true;
  report(path, `its \`low\`, ${low}, has to be below its \`high\`, ${high}`);
  return false;
}

/** What to know of rollouts where no store keeps their runs. */
export function unjudged({ name, policy, stage }: Rollout): string {
  const percent = policy.stages[stage]?.percent ?? 0;
  return `rollout ${name}: without a store it can't be started, and nobody judges it: its candidate gets ${percent}%, as its \`stage\` says, until you change that`;
}

/** What never comes to anything, as no stage shadows requests. */
function unshadowed({ guardrails, shadow }: RolloutConfig, { stages }: Policy): readonly string[] {
  if (stages.some(({ shadowPercent }) => shadowPercent > 0)) return [];
  return [
    ...(guardrails?.judge === undefined
      ? []
      : ["its guardrail `judge` sees nothing, as no stage has a `shadow`"]),
    ...(shadow === undefined ? [] : ["its `shadow` changes nothing, as no stage has a `shadow`"]),
  ];
}

/** Models without a price, for which no budget can be kept. */
function unpriced(
  { stages, shadow, guardrails }: Policy,
  candidate: Variant | undefined,
  { judge }: CompareSettings,
): readonly string[] {
  if (shadow.usdPerDay === undefined || stages.every(({ shadowPercent }) => shadowPercent === 0)) return [];
  const asksJudge = guardrails.some(({ kind }) => kind === "judge");
  return [candidate, asksJudge ? judge?.variant : undefined].flatMap((variant) =>
    variant === undefined || variant.model.price !== undefined
      ? []
      : [
          `its \`shadow.usdPerDay\` lets nothing be shadowed, as the model \`${variant.model.name}\` has no price`,
        ],
  );
}
