import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { comparisonText } from "../../src/cli/compare-text.ts";
import { Comparison } from "../../src/comparison/compare.ts";
import { comparisonPage, PAGE_POLICY } from "../../src/comparison/page.ts";
import { comparedSet } from "../../src/comparison/stored.ts";
import { html } from "../../src/pages/html.ts";
import { answer, answered, failure, query, variantNamed } from "./variants.ts";

const EVIL = `<script>alert(1)</script><img src=x onerror="alert(2)">&'`;

async function pageOf(text: string): Promise<string> {
  const variants = [variantNamed("prompted"), variantNamed("tuned")];
  const comparison = new Comparison({
    variants,
    concurrency: 1,
    tools: {
      ask: async (_request, variant) =>
        answered(variant, variant.name === "tuned" ? failure(500, text) : answer(text)),
      embed: undefined,
      judge: undefined,
      redact: (all) => all,
    },
  });
  const row = await comparison.one(query(text, { content: text }), new AbortController().signal);
  const set = { id: text, at: 0, route: text, variants: variants.map(({ name }) => name) };
  return comparisonPage(comparedSet(set, [row]));
}

describe("the page of a comparison", () => {
  test("holds no text as markup, whatever the texts are", async () => {
    const page = await pageOf(EVIL);
    expect(page).not.toContain("<script");
    expect(page).not.toContain("<img");
    expect(page.split("&lt;script&gt;alert(1)").length).toBeGreaterThan(6);
    expect(page).not.toMatch(/\son\w+="/);
  });

  test("loads nothing and runs nothing; only its own style is let through", async () => {
    const page = await pageOf("Hello");
    const style = /<style>([\s\S]*)<\/style>/.exec(page)?.[1] ?? "";
    const hash = createHash("sha256").update(style).digest("base64");
    expect(PAGE_POLICY).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`,
    );
    expect(page).toContain("default-src &#39;none&#39;; style-src &#39;sha256-");
    expect(page).not.toMatch(/\b(src|href)=|url\(|@import/);
  });

  test("shows answers, errors and what was expected", async () => {
    const page = await pageOf("Hello");
    expect(page).toContain("<h4>Expected</h4><pre>Hello</pre>");
    expect(page).toContain('<pre class="bad">Hello (500)</pre>');
    expect(page).toContain("exactly equal");
  });
});

test("a variant that the simulator plays is named, in the terminal too", async () => {
  const real = variantNamed("tuned");
  const played = {
    ...variantNamed("prompted"),
    model: { ...variantNamed("prompted").model, simulated: true },
  };
  const comparison = new Comparison({
    variants: [real, played],
    concurrency: 1,
    tools: {
      ask: async (_request, variant) => answered(variant, answer("Hello")),
      embed: undefined,
      judge: undefined,
      redact: (all) => all,
    },
  });
  const row = await comparison.one(query("Hello"), new AbortController().signal);
  expect(row.results.map(({ simulated }) => simulated)).toEqual([false, true]);
  const compared = comparedSet({ id: "cx", at: 0, route: "r", variants: ["tuned", "prompted"] }, [row]);
  const note = "Played by the built-in simulator: prompted. Good to try the road, not to judge a model.";
  expect(comparisonPage(compared)).toContain(note);
  expect(comparisonText(compared)).toContain(note);
  expect(await pageOf("Hello")).not.toContain("simulator");
});

test("a template escapes texts and leaves pieces of HTML", () => {
  expect(html`<p>${"a<b"}${html`<i>${1}</i>`}${[html`<b>${"&"}</b>`]}</p>`.text).toBe(
    "<p>a&lt;b<i>1</i><b>&amp;</b></p>",
  );
});
