import { z } from "zod";
import type { ConfigPath } from "./problem.ts";

/** Zod's message for unknown keys: which ones there may be. */
export function allowedKeys({ code, inst }: z.core.$ZodRawIssue): string | undefined {
  if (code !== "unrecognized_keys") return undefined;
  if (!(inst instanceof z.ZodObject)) return "";
  const names = Object.keys(inst.shape).filter((name) => name !== "$schema");
  return ` (allowed: ${names.join(", ")})`;
}

/** Zod's issues as plain sentences; a union is explained by the branch that came closest. */
export function issuesOf(issues: readonly z.core.$ZodIssue[]): { path: ConfigPath; message: string }[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
    switch (issue.code) {
      case "unrecognized_keys":
        return issue.keys.map((key) => ({
          path: [...path, key],
          message: `unknown key \`${key}\`${issue.message}`,
        }));
      case "invalid_union": {
        const branch = closestBranch(issue.errors);
        if (branch === undefined) return [{ path, message: unionWords(issue) }];
        return issuesOf(branch).map((inner) => ({ path: [...path, ...inner.path], message: inner.message }));
      }
      case "invalid_key":
        return [{ path, message: issue.issues[0]?.message ?? issue.message }];
      default:
        return [{ path, message: wordsOf(issue) }];
    }
  });
}

/** The branch that got furthest: its problem lies deepest, or it is at least of the right type. */
function closestBranch(
  branches: readonly (readonly z.core.$ZodIssue[])[],
): readonly z.core.$ZodIssue[] | undefined {
  const [deepest] = branches.toSorted((a, b) => depthOf(b) - depthOf(a));
  if (deepest !== undefined && depthOf(deepest) > 0) return deepest;
  return branches.find((issues) => issues.every(({ code }) => code !== "invalid_type"));
}

/** What all branches of a union miss: `expected string, received number, or expected array, received number`. */
function unionWords(issue: z.core.$ZodIssueInvalidUnion): string {
  const words = new Set(issue.errors.flatMap((issues) => issues.map(wordsOf)));
  return words.size === 0 ? wordsOf(issue) : [...words].join(", or ");
}

function depthOf(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(
    0,
    ...issues.map((issue) => issue.path.length + (issue.code === "unrecognized_keys" ? 1 : 0)),
  );
}

function wordsOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type" && issue.message.endsWith("received undefined"))
    return "this key is missing";
  return issue.message
    .replace(/^Invalid (input|option): /, "")
    .replace(/^Too (?:big|small): expected \w+ to (?:be|have) ([<>]=?)(.*)$/, limitWords)
    .replaceAll('"|"', '", "')
    .replace(/\b(record|object)\b/g, "map")
    .replace(/\barray\b/g, "list");
}

const LIMITS: Readonly<Record<string, string>> = {
  "<=": "at most",
  ">=": "at least",
  "<": "less than",
  ">": "more than",
};

/** `expected at most 100`, `expected at least 1 character`. */
function limitWords(_message: string, sign: string, limit: string): string {
  return `expected ${LIMITS[sign] ?? sign} ${limit.replace(/^1 (\w+)s$/, "1 $1")}`;
}
