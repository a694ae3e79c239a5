import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { PAGE_POLICY } from "../../../src/rollouts/pages/frame.ts";
import { rolloutPage } from "../../../src/rollouts/pages/rollout-page.ts";
import { rolloutsPage } from "../../../src/rollouts/pages/rollouts-page.ts";
import type { Change, RolloutView, Run } from "../../../src/rollouts/run.ts";
import { changeToDocument, toDocument } from "../../../src/rollouts/to-document.ts";
import { ADAPTIVE, change, evidence, PAIRS, PROOF, run, unstarted, view } from "../../support/rollouts.ts";

const page = (fields: Partial<RolloutView> = {}, ...changes: readonly Change[]): string =>
  rolloutPage(toDocument(view(fields)), changes.map(changeToDocument));
const list = (...views: readonly RolloutView[]): string => rolloutsPage(views.map(toDocument));
const inState = (fields: Partial<Run>, more: Partial<RolloutView> = {}): string =>
  page({ run: run(fields), ...more });

const EVIL = `<script>alert(1)</script><img src=x onerror="alert(2)">'`;
const VERDICT = {
  guardrail: EVIL,
  seq: 1,
  observation: 9,
  evidence: evidence({ guardrail: EVIL, allowed: EVIL, sees: EVIL }),
  candidateRequests: 4,
};

/** What the buttons do that a page offers. */
const buttonsOf = (text: string): string[] =>
  [...text.matchAll(/<button name="action" value="(\w+)"/g)].map(([, action = ""]) => action);

describe("what a page may do", () => {
  const text = page({ proof: PROOF, pairs: PAIRS }, change());
  const sha256 = (name: string): string => {
    const inner = new RegExp(`<${name}>([\\s\\S]*)</${name}>`).exec(text)?.[1] ?? "";
    return createHash("sha256").update(inner).digest("base64");
  };

  test("is to run its own script and to ask its own host", () => {
    expect(PAGE_POLICY).toBe(
      `default-src 'none'; style-src 'sha256-${sha256("style")}'; script-src 'sha256-${sha256("script")}'; connect-src 'self'; base-uri 'none'; form-action 'none'`,
    );
    for (const one of [text, list(view())])
      expect(one).not.toMatch(/\bsrc=|url\(|@import|\son\w+=|\sstyle=|https?:\/\//);
  });

  test("is not changed by what stands in a rollout", () => {
    const evil = view({
      name: EVIL,
      control: EVIL,
      candidate: EVIL,
      run: run({ id: EVIL, state: "paused", cause: "guardrail", verdict: VERDICT }),
      evidence: [VERDICT.evidence],
      waitsFor: [EVIL],
    });
    const trail = change({ by: EVIL, reason: EVIL, verdict: VERDICT, evidence: [VERDICT.evidence] });
    for (const one of [rolloutPage(toDocument(evil), [changeToDocument(trail)]), list(evil)]) {
      expect(one.match(/<script/g)).toHaveLength(1);
      expect(one).not.toContain("<img");
      expect(one).toContain("&lt;script&gt;alert(1)");
    }
  });
});

describe("the page of a rollout", () => {
  test("says that nobody knows where it stands, not that it was never started", () => {
    const text = page({ run: undefined, isKnown: false }, change());
    expect(text).toContain("Until the store has told where it stands, prompted answers everybody.");
    expect(text).not.toContain("never started");
    expect(page({ run: undefined })).toContain("never started");
  });

  test("has its weight, its stages, and on what each was passed", () => {
    const text = page({}, change());
    expect(text).toContain('<p class="percent">5%');
    expect(text).toContain('<rect class="fill running" width="5" height="10"/>');
    expect(
      [...text.matchAll(/<li class="(\w*)"[^>]*>([\w%]+)/g)].map(([, mark, name]) =>
        `${name} ${mark}`.trim(),
      ),
    ).toEqual(["1% done", "5% now", "25%", "50%", "promoted"]);
    expect(text).toContain("1% → 5% on “no alarm”.");
    expect(text).toContain("<li>42 more requests of the candidate</li>");
  });

  test("shows each guardrail with how near it is, how near it ever was, and what is allowed", () => {
    const text = page({
      evidence: [
        evidence(),
        evidence({ guardrail: "feedback.thumbs", logEvidence: 4, logPeak: 4 }),
        evidence({ guardrail: "cost", logEvidence: -2, logPeak: Number.NEGATIVE_INFINITY }),
        evidence({
          guardrail: "latency",
          logEvidence: 5,
          logPeak: 6,
          candidate: { count: 640, events: 30, value: 812 },
        }),
      ],
    });
    expect(
      [...text.matchAll(/<rect class="fill (\w*)" width="([\d.]+)"/g)]
        .slice(1)
        .map(([, tone, width]) => [tone, width]),
    ).toEqual([
      ["", "20"],
      ["warm", "69"],
      ["", "0"],
      ["crossed", "86.2"],
    ]);
    expect(text).toContain('<line class="peak" x1="36.2"');
    expect(text).toContain("<strong>feedback thumbs</strong>");
    expect(text).toContain('<span class="bad">crossed, 86.2%</span>');
    expect(text).toContain('data-head="candidate">mean 812 ms of 640<');
    expect(text).toContain("1.25 times the control&#39;s");
    expect(text).toContain("3 times as many as allowed");
  });

  test("shows bad pairs beside, where a guardrail judged any", () => {
    expect(page()).not.toContain("bad shadowed pairs");
    const text = page({
      evidence: [evidence({ pairs: { count: 20, control: 0, candidate: 14 } })],
    });
    expect(text).toContain('data-head="bad shadowed pairs">14 of 20 (control 0)<');
  });

  test("says when judging ended", () => {
    const text = page({ run: run({ state: "promoted" }) });
    expect(text).toContain("<strong>Judging ended at 2027-01-31 18:15:00 UTC (promoted).</strong>");
    expect(page()).not.toContain("Judging ended");
  });

  test("says what the proof lacks, or that it is there", () => {
    expect(page({ proof: PROOF })).toContain("Not proved within 2 points yet.");
    const proved = page({ proof: { ...PROOF, isProved: true, margin: 0.015 } });
    expect(proved).toContain('<p class="good">Proved within 1.5 points.');
    expect(page({ proof: { ...PROOF, moreNeeded: undefined } })).toContain("it likely never will be");
    expect(page()).not.toContain("<h2>Proof</h2>");
  });

  test("shows pairs and what they cost", () => {
    const text = page({ pairs: PAIRS });
    expect(text).toContain("250 pairs; 91.2% say the same");
    expect(text).toContain(
      'latency, median</th><td class="number">812 ms</td><td class="number">401 ms</td>',
    );
    expect(text).toContain("Shadowing cost $1.27, $0.40 of it today (UTC).");
    const unpriced = { ...PAIRS, candidate: { ...PAIRS.candidate, costUsd: undefined } };
    expect(page({ pairs: { ...unpriced, spentUsd: 0, spentTodayUsd: 0 } })).toContain(
      "What shadowing cost is not known: no answer of the candidate has a known cost.",
    );
    expect(page({ pairs: unpriced })).toContain("Shadowing cost $1.27"); // the judge's
  });

  test("has the trail with who, why and what was known", () => {
    const text = page(
      {},
      change({ by: "ops", reason: "lunch", proof: PROOF, pairs: PAIRS, adaptive: ADAPTIVE }),
    );
    expect(text).toContain('<td data-head="by">ops</td><td class="text">lunch<details>');
    expect(text).toContain(
      "errors: no alarm, 20% of the threshold; 1.39% of 650 for the candidate beside 1% of 12,345 for the control",
    );
    expect(text).toContain("<li>250 pairs; 91.2% say the same");
    expect(text).toContain("<li>Mean reward: 0.75 of 20 for the candidate");
  });

  test("says what a verdict rests on, that it is blind, and what was lost", () => {
    const verdict = { ...VERDICT, guardrail: "errors", evidence: evidence() };
    expect(inState({ state: "rolled_back", verdict })).toContain(
      "Crossed: errors, at observation 9, after 4 requests of the candidate",
    );
    const text = page({ isBlind: true, dropped: 2 });
    expect(text).toContain("The store does not answer");
    expect(text).toContain("2 observations could not be kept");
  });

  test.each<[string, string, readonly string[]]>([
    ["one that was never started", rolloutPage(toDocument(unstarted()), []), ["start"]],
    [
      "one of which it is not known where it stands",
      rolloutPage(toDocument(unstarted({ isKnown: false })), []),
      [],
    ],
    ["a running one", page(), ["pause", "promote", "rollback"]],
    ["one with a weight by hand", inState({ byHand: true }), ["resume", "pause", "promote", "rollback"]],
    ["a paused one", inState({ state: "paused", cause: "person" }), ["resume", "promote", "rollback"]],
    ["one with a verdict", inState({ state: "paused", verdict: VERDICT }), ["promote", "rollback"]],
    ["a promoted one", inState({ state: "promoted" }), ["start", "rollback"]],
    ["one that is rolled back", inState({ state: "rolled_back" }), ["start"]],
  ])("offers what can be done with %s, each with a question before", (_what, text, actions) => {
    expect(buttonsOf(text)).toEqual(actions);
    const buttons = text.match(/<button [^>]*>/g) ?? [];
    expect(buttons.every((button) => button.includes("data-confirm="))).toBe(true);
    expect(text.includes('data-action="set-weight"')).toBe(actions.includes("promote"));
  });
});

test("the list names the guardrail that is nearest to an alarm", () => {
  const text = list(
    view({ evidence: [evidence({ logEvidence: -1 }), evidence({ guardrail: "validity" })] }),
    view({ name: "b c", evidence: [evidence({ logEvidence: -1 })] }),
    unstarted({ name: "new" }),
  );
  expect(text).toContain("unusable answers, 20% of the threshold");
  expect(text).toContain("nothing speaks for one");
  expect(text).toContain('<a href="rollouts/b%20c">b c</a>');
  expect(text).toContain("not started");
  expect(list()).toContain("The configuration has none");
});
