import type { ChatRequest } from "../domain/chat.ts";
import { unitOf } from "../domain/hash.ts";
import {
  isUnknown,
  type Position,
  percentOf,
  positionOf,
  type Rollout,
  type Standings,
} from "../domain/rollout.ts";
import type { Signals } from "../domain/signals.ts";
import type { Arm, StickyKey, Use, Variant } from "../domain/table.ts";

/** The variant that a rule's `use` gave for one request. */
export interface Choice {
  readonly variant: Variant;
  readonly propensity: number;
  readonly stickyBy?: string | undefined;
  readonly stickyKey?: string | undefined;
  readonly rollout?: Rollout;
  /** Where the rollout stood. */
  readonly position?: Position;
  /** How a split fell out, in words. */
  readonly how?: string;
}

/** Resolves a rule: a variant as it is, a split by sticky key or chance, a rollout by where it stands. Pure. */
export function choose(use: Use, request: ChatRequest, signals: Signals): Choice {
  switch (use.kind) {
    case "variant":
      return { variant: use.variant, propensity: 1 };
    case "split":
      return chooseArm(use.name, use.arms, use.sticky, request, signals);
    case "rollout":
      return chooseSide(use.rollout, request, signals);
  }
}

/** The variants among which a rule's `use` chooses, with the probability of each; those that it never chooses are left out. */
export function armsOf(use: Use, standings: Standings): readonly Arm[] {
  return everyArm(use, standings).filter(({ share }) => share > 0);
}

/** The same with those that it never chooses. */
export function everyArm(use: Use, standings: Standings): readonly Arm[] {
  switch (use.kind) {
    case "variant":
      return [{ variant: use.variant, share: 1 }];
    case "split":
      return use.arms;
    case "rollout": {
      const { control, candidate } = use.rollout;
      const { share } = positionOf(use.rollout, standings);
      return [
        { variant: candidate, share },
        { variant: control, share: 1 - share },
      ];
    }
  }
}

/**
 * Weighted rendezvous hashing: each arm draws -ln(u)/share with u from the hash of sticky key, split and
 * arm; the lowest wins. An arm is chosen with the probability of its share, and raising its weight only
 * ever moves keys to it. Source: Schindelhauer and Schomaker, "Weighted distributed hash tables", 2005.
 */
function chooseArm(
  name: string,
  arms: readonly Arm[],
  sticky: StickyKey | undefined,
  request: ChatRequest,
  signals: Signals,
): Choice {
  const stickyKey = sticky && stickyValue(sticky, request, signals);
  if (stickyKey === undefined) {
    const arm = armAt(arms, signals.random);
    const missing = sticky === undefined ? "" : `, as the request has no ${stickyLabel(sticky)}`;
    return { variant: arm.variant, propensity: arm.share, how: `chance chose ${arm.variant.name}${missing}` };
  }
  const draws = arms.map((arm) => ({
    arm,
    draw:
      arm.share === 0
        ? Number.POSITIVE_INFINITY
        : -Math.log(unitOf(`${stickyKey}\n${name}\n${arm.variant.name}`)) / arm.share,
  }));
  const { arm } = draws.reduce((best, one) => (one.draw < best.draw ? one : best));
  const stickyBy = sticky && stickyLabel(sticky);
  return {
    variant: arm.variant,
    propensity: arm.share,
    stickyBy,
    stickyKey,
    how: `${stickyBy} chose ${arm.variant.name}`,
  };
}

function armAt(arms: readonly Arm[], random: number): Arm {
  let left = random;
  const open = arms.filter((arm) => arm.share > 0);
  for (const arm of open) {
    if (left < arm.share) return arm;
    left -= arm.share;
  }
  const last = open.at(-1);
  if (last === undefined) throw new RangeError("a split needs an arm with a weight");
  return last;
}

/** The candidate gets the keys whose hash lies below its share, so a larger share keeps them. */
function chooseSide(rollout: Rollout, request: ChatRequest, signals: Signals): Choice {
  const position = positionOf(rollout, signals.rollouts);
  const { share } = position;
  const stickyKey = rollout.sticky && stickyValue(rollout.sticky, request, signals);
  const stickyBy =
    rollout.sticky === undefined || stickyKey === undefined ? undefined : stickyLabel(rollout.sticky);
  const isCandidate = (stickyKey === undefined ? signals.random : unitIn(rollout.name, stickyKey)) < share;
  return {
    variant: isCandidate ? rollout.candidate : rollout.control,
    propensity: isCandidate ? share : 1 - share,
    stickyBy,
    stickyKey,
    rollout,
    position,
    how: `${stickyBy ?? "chance"} chose the ${isCandidate ? "candidate" : "control"} at ${percentOf(share)}%${whereOf(position)}`,
  };
}

/** A number for a sticky key, the same in a rollout always: below the candidate's share, the key is the candidate's. */
export function unitIn(rollout: string, stickyKey: string): number {
  return unitOf(`${stickyKey}\n${rollout}`);
}

/** For people, who count stages from 1. */
function whereOf(position: Position): string {
  const { run, stage } = position;
  if (isUnknown(position)) return ", as where the rollout stands is not known: the store does not answer";
  return run === undefined ? "" : `, in stage ${stage + 1} of run ${run}`;
}

function stickyValue(sticky: StickyKey, request: ChatRequest, signals: Signals): string | undefined {
  const value = ((): string | undefined => {
    switch (sticky.from) {
      case "user":
        return request.fields.user;
      case "metadata":
        return Object.hasOwn(request.fields.metadata, sticky.name)
          ? request.fields.metadata[sticky.name]
          : undefined;
      case "header":
        return signals.header(sticky.name);
    }
  })();
  return value === "" ? undefined : value;
}

/** As the configuration names it, such as `metadata.tenant`. */
export function stickyLabel(sticky: StickyKey): string {
  return sticky.from === "user" ? "user" : `${sticky.from}.${sticky.name}`;
}
