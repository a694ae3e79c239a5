import type { RedactingStream } from "../domain/redactor.ts";
import { fold } from "./look-alikes.ts";

/**
 * One form of what is to be found. Every decision looks at no more than REACH characters from where the form
 * begins, and at no more than CONTEXT before: so a text is redacted the same however it is cut, in a time that
 * grows with its length.
 */
export interface Rule {
  /** What stands in the placeholder: `[redacted:KIND]`. */
  readonly kind: string;
  /** Characters that it can begin with, as they stand in the brackets of an expression. */
  readonly first: string;
  /** Source of an expression for where the form may begin; cheap to search for. */
  readonly starts: string;
  /** Source of an expression for the whole form, or for its first part. What its first group holds is kept. */
  readonly head: string;
  /** How many characters of what the head found are a finding, without what is kept; 0: none. Default: all. */
  readonly check?: (found: string) => number;
  /** Where a finding that goes on after the head ends. A match that begins with a backslash is passed over. */
  readonly until?: RegExp;
  /** What belongs to the finding after `until`. */
  readonly closing?: RegExp;
}

/** Most characters that a decision about a place may look at from there on. */
export const REACH = 640;
/** Most characters that it may look at before the place. */
const CONTEXT = 16;

/** Rules in one expression that finds where any may begin. */
export interface RuleSet {
  readonly starts: RegExp;
  readonly groups: readonly Group[];
  /** The groups that can begin with an ASCII character, by its code. */
  readonly byFirst: readonly (readonly Group[])[];
  readonly placeholder: RegExp;
}

/** Rules that begin alike, so that one look tells whether to try them. */
interface Group {
  readonly starts: RegExp;
  readonly rules: readonly CompiledRule[];
}

interface CompiledRule extends Rule {
  readonly pattern: RegExp;
}

interface Found {
  /** Where the form begins, with what is kept of it. */
  readonly at: number;
  readonly start: number;
  readonly end: number;
  /** Undefined: a placeholder, which stays. */
  readonly rule: Rule | undefined;
}

/** @param kinds all that may stand in placeholders */
export function compileRules(rules: readonly Rule[], kinds: readonly string[]): RuleSet {
  const placeholder = `\\[redacted:(?:${kinds.map(escaped).join("|")})\\]`;
  const byStarts = [...Map.groupBy(rules, (rule) => rule.starts)];
  const groups = byStarts.map(([starts, alike]) => ({
    first: new RegExp(`[${alike[0]?.first ?? ""}]`),
    starts: new RegExp(starts, "y"),
    rules: alike.map((rule) => ({ ...rule, pattern: new RegExp(rule.head, "y") })),
  }));
  return {
    starts: new RegExp(["\\[redacted:", ...byStarts.map(([starts]) => starts)].join("|"), "g"),
    groups,
    byFirst: Array.from({ length: 128 }, (_, code) =>
      groups.filter(({ first }) => first.test(String.fromCharCode(code))),
    ),
    placeholder: new RegExp(placeholder, "y"),
  };
}

/** The text as the source of an expression that matches just it. */
export function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

/** Finds what rules describe in a text that comes in pieces, and puts placeholders there. */
export class Scanner implements RedactingStream {
  readonly #set: RuleSet;
  /** Not given out yet. */
  #pending = "";
  /** Folded text just before `pending`; empty after a finding, as what follows it begins anew. */
  #context = "";
  /** The rule whose finding goes on. */
  #open: Rule | undefined;
  /** So long must `pending` be before it is worth a look. */
  #due = 2 * REACH;

  constructor(set: RuleSet) {
    this.#set = set;
  }

  push(text: string): string {
    this.#pending += text;
    if (this.#pending.length < this.#due) return "";
    const out = this.#scan(false);
    this.#due = 2 * Math.max(REACH, this.#pending.length);
    return out;
  }

  end(): string {
    return this.#scan(true);
  }

  #scan(last: boolean): string {
    const original = this.#pending;
    const { text: folded, places } = fold(original);
    let text = this.#context + folded;
    let skipped = -this.#context.length; // of `folded`, before `text`
    let from = this.#context.length;
    let given = 0; // of `original`
    let out = "";
    const placeOf = (index: number): number => {
      const at = skipped + index;
      if (at >= folded.length) return original.length;
      return places?.[at] ?? at;
    };
    const beginAnew = (index: number): void => {
      given = placeOf(index);
      skipped += index;
      text = text.slice(index);
      from = 0;
    };
    for (;;) {
      const certain = last ? text.length : text.length - REACH;
      if (this.#open !== undefined) {
        const { end, closed } = endOf(this.#open, text, from, certain, last);
        beginAnew(end);
        if (!closed) break;
        this.#open = undefined;
        continue;
      }
      const found = find(this.#set, text, from);
      if (found === undefined || found.start >= certain) {
        from = Math.max(from, Math.min(certain, found?.at ?? certain));
        break;
      }
      out += original.slice(given, placeOf(found.start));
      if (found.rule === undefined) out += original.slice(placeOf(found.start), placeOf(found.end));
      else {
        out += `[redacted:${found.rule.kind}]`;
        if (found.rule.until !== undefined) this.#open = found.rule;
      }
      beginAnew(found.end);
    }
    if (this.#open === undefined) {
      const rest = placeOf(from);
      out += original.slice(given, rest);
      given = rest;
    }
    this.#pending = original.slice(given);
    this.#context = text.slice(Math.max(0, from - CONTEXT), from);
    return out;
  }
}

function find(set: RuleSet, text: string, from: number): Found | undefined {
  set.starts.lastIndex = from;
  for (let start = set.starts.exec(text); start !== null; start = set.starts.exec(text)) {
    const at = start.index;
    const found = matchAt(set, text, at);
    if (found !== undefined) return found;
    set.starts.lastIndex = at + 1;
  }
  return undefined;
}

function matchAt(set: RuleSet, text: string, at: number, withLead = true): Found | undefined {
  if (text.startsWith("[redacted:", at)) {
    const kept = placeholderAt(set, text, at);
    if (kept !== undefined) return kept;
  }
  for (const { starts, rules } of set.byFirst[text.charCodeAt(at)] ?? set.groups) {
    starts.lastIndex = at;
    if (!starts.test(text)) continue;
    for (const rule of rules) {
      const found = ruleAt(rule, text, at, withLead ? set : undefined);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** @param set for what may follow a lead; undefined: a lead is none here */
function ruleAt(rule: CompiledRule, text: string, at: number, set: RuleSet | undefined): Found | undefined {
  rule.pattern.lastIndex = at;
  const match = rule.pattern.exec(text);
  if (match === null) return undefined;
  const [whole, lead = ""] = match;
  const start = at + lead.length;
  if (lead !== "") {
    if (set === undefined) return undefined;
    // What a name announces may have a form of its own, which knows better where it ends.
    const own = matchAt(set, text, start, false);
    if (own !== undefined) return { ...own, at };
  }
  const length = rule.check?.(whole.slice(lead.length)) ?? whole.length - lead.length;
  return length > 0 ? { at, start, end: start + length, rule } : undefined;
}

function placeholderAt({ placeholder }: RuleSet, text: string, at: number): Found | undefined {
  placeholder.lastIndex = at;
  const match = placeholder.exec(text);
  return match === null ? undefined : { at, start: at, end: at + match[0].length, rule: undefined };
}

/** Where a finding that is open ends, or how far it certainly goes. */
function endOf(
  { until, closing }: Rule,
  text: string,
  from: number,
  certain: number,
  last: boolean,
): { readonly end: number; readonly closed: boolean } {
  let passed = from;
  if (until !== undefined) until.lastIndex = from;
  for (;;) {
    const match = until?.exec(text);
    const end = match?.index ?? text.length;
    if (!last && end >= certain) return { end: Math.max(passed, certain), closed: false };
    if (match?.[0].startsWith("\\") && match[0].length > 1) {
      passed = end + match[0].length;
      continue;
    }
    if (closing === undefined) return { end, closed: true };
    closing.lastIndex = end;
    return { end: end + (closing.exec(text)?.[0].length ?? 0), closed: true };
  }
}
