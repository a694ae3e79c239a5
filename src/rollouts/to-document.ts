import type {
  AdaptiveDocument,
  ChangeDocument,
  EvidenceDocument,
  PairsDocument,
  ProofDocument,
  RolloutDocument,
  RunDocument,
  SideEvidenceDocument,
  VerdictDocument,
} from "./document.ts";
import type {
  AdaptiveSummary,
  Change,
  Evidence,
  Known,
  PairSide,
  PairSummary,
  Point,
  ProofEvidence,
  RolloutView,
  Run,
  SideEvidence,
  Verdict,
} from "./run.ts";

/** A rollout as JSON has it. */
export function toDocument(view: RolloutView): RolloutDocument {
  const { control, candidate } = view.sides;
  return {
    object: "crossover.rollout",
    name: view.name,
    control: view.control,
    candidate: view.candidate,
    state: stateOf(view),
    percent: view.percent,
    shadow_percent: view.shadowPercent,
    run: view.run === undefined ? null : runToDocument(view.run),
    sides: {
      control: { requests: control.requests },
      candidate: { requests: candidate.requests },
    },
    ...knownOf(view),
    waits_for: [...view.waitsFor],
    notices: [...view.notices],
    dropped: view.dropped,
    blind: view.isBlind,
  };
}

/** `none`: it was never started; `unknown`: the store has not told yet whether it was. */
export function stateOf({ run, isKnown }: Pick<RolloutView, "run" | "isKnown">): RolloutDocument["state"] {
  return run?.state ?? (isKnown ? "none" : "unknown");
}

/** A run as JSON has it. */
export function runToDocument(run: Run): RunDocument {
  const { policy } = run;
  return {
    object: "crossover.rollout_run",
    id: run.id,
    rollout: run.rollout,
    state: run.state,
    cause: run.cause ?? null,
    started_at: run.startedAt,
    changed_at: run.changedAt,
    control: run.control,
    candidate: run.candidate,
    stage: run.stage,
    stage_since: run.stageSince,
    ready_since: run.readySince ?? null,
    percent: run.percent,
    shadow_percent: run.shadowPercent,
    by_hand: run.byHand,
    stages: policy.stages.map((stage) => ({
      percent: stage.percent,
      shadow_percent: stage.shadowPercent,
      min_requests: stage.minRequests,
      min_seconds: stage.minMs / 1000,
      soak_seconds: stage.soakMs / 1000,
      proof: stage.proof,
    })),
    alpha: policy.alpha,
    on_success: policy.onSuccess,
    on_failure: policy.onFailure,
    verdict: run.verdict === undefined ? null : verdictOf(run.verdict),
    promoted_on: run.promotedOn ?? null,
  };
}

/** An entry of the audit trail as JSON has it. */
export function changeToDocument(change: Change): ChangeDocument {
  return {
    object: "crossover.rollout_change",
    id: change.id,
    run: change.run,
    rollout: change.rollout,
    at: change.at,
    action: change.action,
    by: change.by,
    reason: change.reason ?? null,
    from: pointOf(change.from),
    to: pointOf(change.to),
    ground: change.ground ?? null,
    verdict: change.verdict === undefined ? null : verdictOf(change.verdict),
    ...knownOf(change),
  };
}

function knownOf({ evidence, proof, pairs, adaptive }: Known) {
  return {
    evidence: evidence.map(evidenceOf),
    proof: proof === undefined ? null : proofOf(proof),
    pairs: pairs === undefined ? null : pairsOf(pairs),
    adaptive: adaptive === undefined ? null : adaptiveOf(adaptive),
  };
}

function pointOf({ state, stage, percent }: Point): ChangeDocument["from"] {
  return { state, stage: stage ?? null, percent };
}

function verdictOf({ guardrail, observation, candidateRequests, evidence }: Verdict): VerdictDocument {
  return {
    guardrail,
    observation,
    candidate_requests: candidateRequests,
    evidence: evidenceOf(evidence),
  };
}

function evidenceOf(evidence: Evidence): EvidenceDocument {
  const { logEvidence, logThreshold, logPeak } = evidence;
  return {
    guardrail: evidence.guardrail,
    crossed: logPeak >= logThreshold,
    of_threshold: Number.isFinite(logEvidence) ? logEvidence / logThreshold : 0,
    log_evidence: Number.isFinite(logEvidence) ? logEvidence : null, // JSON has no infinity
    log_threshold: logThreshold,
    log_peak: Number.isFinite(logPeak) ? logPeak : null,
    allowed: evidence.allowed,
    control: sideOf(evidence.control),
    candidate: sideOf(evidence.candidate),
    pairs: evidence.pairs ?? null,
    needed_requests: evidence.neededRequests ?? null,
    sees: evidence.sees ?? null,
  };
}

function proofOf({ margin, isProved, difference, moreNeeded, each, ...sides }: ProofEvidence): ProofDocument {
  return {
    margin,
    proved: isProved,
    difference,
    control: sideOf(sides.control),
    candidate: sideOf(sides.candidate),
    more_needed: moreNeeded ?? null,
    each,
  };
}

function sideOf({ count, events, value }: SideEvidence): SideEvidenceDocument {
  return { count, events: events ?? null, value: value ?? null };
}

function pairsOf(pairs: PairSummary): PairsDocument {
  return {
    count: pairs.count,
    agreement: pairs.agreement ?? null,
    similarity: pairs.similarity ?? null,
    same_tools: pairs.sameTools ?? null,
    judged: pairs.judged,
    control: pairSideOf(pairs.control),
    candidate: pairSideOf(pairs.candidate),
    spent_usd: pairs.spentUsd,
    spent_today_usd: pairs.spentTodayUsd,
  };
}

function pairSideOf(side: PairSide): PairsDocument["control"] {
  return {
    errors: side.errors,
    invalid: side.invalid,
    latency_ms: side.latencyMs ?? null,
    first_token_ms: side.firstTokenMs ?? null,
    cost_usd: side.costUsd ?? null,
    length: side.length ?? null,
  };
}

function adaptiveOf({ control, candidate, probabilityBetter, best }: AdaptiveSummary): AdaptiveDocument {
  return {
    control: { count: control.count, mean: control.mean ?? null },
    candidate: { count: candidate.count, mean: candidate.mean ?? null },
    probability_better: probabilityBetter,
    best: best ?? null,
  };
}
