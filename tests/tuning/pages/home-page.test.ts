import { expect, test } from "vitest";
import { homePage, type Kept } from "../../../src/tuning/pages/home-page.ts";
import { tableOf } from "../../config/tables.ts";
import { jobWith, NOW, TRAINING } from "../jobs.ts";
import { config } from "../world.ts";

const TABLE = tableOf(
  config({
    models: {
      base: { provider: "main", model: "gpt-4.1-mini" },
      ft: { provider: "main", model: "ft:gpt-4.1-mini:a:b:c" },
    },
    variants: {
      plain: { model: "base" },
      prompted: { model: "base", prompt: "helper" },
      tuned: { model: "ft" },
      hybrid: { model: "ft", prompt: "helper" },
    },
    rollouts: { move: { control: "prompted", candidate: "tuned", stages: [5, 50], stickyBy: "user" } },
    routes: {
      ask: {
        description: "Questions & answers",
        rules: [
          { name: "free", when: "metadata.tier == 'free'", use: "plain" },
          { name: "some", when: "request.inputTokens > 10", use: { split: { prompted: 90, hybrid: 10 } } },
          { name: "rest", use: { rollout: "move" } },
        ],
      },
      one: { rules: [{ name: "only", use: "plain" }] },
    },
  }),
);
const page = (kept: Kept | string | undefined, stale = false): string =>
  homePage({ table: TABLE, standings: new Map(), stale, kept, startsRollouts: false });

/** The text of each row's cells. */
const rowsOf = (text: string): string[] =>
  [...text.matchAll(/<tr>(<td>.*?)<\/tr>/g)].map(([, row = ""]) =>
    row
      .replaceAll("</td>", "|")
      .replaceAll(/<[^>]*>/g, "")
      .trim(),
  );

test("tells of each rule who gets what, and how much of it", () => {
  expect(rowsOf(page(undefined))).toEqual([
    "askQuestions &amp; answers|free|metadata.tier == &#39;free&#39;|100%|plain|the bare query|gpt-4.1-mini main|",
    "|some|request.inputTokens &gt; 10|90%|prompted|prompted|gpt-4.1-mini main|",
    "|||10%|hybrid|tuned and prompted|ft:gpt-4.1-mini:a:b:c main|",
    "|rest|all others|5%|tuned|tuned|ft:gpt-4.1-mini:a:b:c main|",
    "|||95%|prompted|prompted|gpt-4.1-mini main|",
    "one|only|all|100%|plain|the bare query|gpt-4.1-mini main|",
  ]);
});

test("shows the weight that a run of a rollout has now, and leads to it", () => {
  const standing = { run: "run_1", stage: 1, epoch: 1, share: 0.3, shadowShare: 0 };
  const text = homePage({
    table: TABLE,
    standings: new Map([["move", standing]]),
    stale: false,
    kept: undefined,
    startsRollouts: true,
  });
  expect(rowsOf(text)[3]).toContain("|30%|tuned|");
  expect(rowsOf(text)[4]).toContain("|70%|prompted|");
  expect(text).toContain('href="admin/rollouts/move"');
  expect(text).toContain('href="admin/rollouts"');
  expect(page(undefined)).not.toContain("admin/rollouts");
});

test("links what is kept, and nothing that is not", () => {
  const kept: Kept = {
    jobs: [jobWith({ state: "manual" })],
    comparisons: [{ id: "cx_1", at: NOW, route: "ask", variants: ["prompted", "tuned"], summary: "{}" }],
  };
  const text = page(kept);
  for (const part of [
    'href="admin/api/tuning-jobs?format=html"',
    'href="admin/api/deployments?format=html"',
    'href="admin/api/captures"',
    'href="openapi.json"',
    `<a href="admin/api/tuning-jobs/${TRAINING.id}.html">recipes-ft</a></td><td class="bad">waits for you`,
    '<a href="admin/api/comparisons/cx_1.html">prompted, tuned</a>',
  ])
    expect(text).toContain(part);
  expect(page({ ...kept, jobs: [] })).toContain("No job is open.");
  for (const without of [page(undefined), page({ jobs: undefined, comparisons: [] })])
    expect(without).not.toMatch(/api\/tuning-jobs|api\/deployments|No job|Latest comparisons/);
  expect(page(undefined)).not.toContain("admin/api/captures");
});

test("says what is amiss", () => {
  expect(page("The store does not answer.", true)).toContain("The store does not answer.");
  expect(page(undefined, true)).toContain("can&#39;t be used");
  expect(page(undefined)).not.toContain("can&#39;t be used");
});
