import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { JobProblem, TuningJob } from "../../../src/tuning/job.ts";
import { deploymentsPage } from "../../../src/tuning/pages/deployments-page.ts";
import { PAGE_POLICY } from "../../../src/tuning/pages/frame.ts";
import { jobPage } from "../../../src/tuning/pages/job-page.ts";
import { jobsPage, planPart } from "../../../src/tuning/pages/jobs-page.ts";
import { jobWith, NOW, TRAINING } from "../jobs.ts";
import { QUESTION, world } from "../world.ts";

const CHOICES = { routes: ["recipes"], providers: [{ name: "main", simulated: true }] };
const page = (job: TuningJob): string => jobPage(job, NOW);
const PROBLEM: JobProblem = {
  state: "creating",
  message: "The file was refused.",
  hint: "Check it.",
  status: 400,
  code: "invalid_file",
  raw: "Invalid file",
};

/** Names of the steps with their marks, such as `training now`. */
const stepsOf = (text: string): string[] =>
  [...text.matchAll(/<li class="(\w*)">([^<]*)<\/li>/g)].map(([, mark, name]) => `${name} ${mark}`.trim());

/** Of a job that did not count. */
const side = { answered: null, failed: null, interval: null } as const;

describe("what a page may do", () => {
  const script = /<script>([\s\S]*)<\/script>/.exec(page(TRAINING))?.[1] ?? "";
  const style = /<style>([\s\S]*)<\/style>/.exec(page(TRAINING))?.[1] ?? "";
  const sha256 = (text: string): string => createHash("sha256").update(text).digest("base64");

  test("is to run its own script and to ask its own host", () => {
    expect(PAGE_POLICY).toBe(
      `default-src 'none'; style-src 'sha256-${sha256(style)}'; script-src 'sha256-${sha256(script)}'; connect-src 'self'; base-uri 'none'; form-action 'none'`,
    );
    for (const text of [
      page(TRAINING),
      jobsPage([TRAINING], CHOICES),
      deploymentsPage({ deployments: [], problems: [] }),
    ])
      expect(text).not.toMatch(/\bsrc=|url\(|@import|\son\w+=|\sstyle=|https?:\/\//);
  });

  test("is not changed by what stands in a job", () => {
    const evil = `<script>alert(1)</script><img src=x onerror="alert(2)">'`;
    const job = jobWith(
      {
        id: evil,
        state: "failed",
        problem: { ...PROBLEM, message: evil, hint: evil, code: evil, raw: evil },
        journal: [{ at: NOW, state: "failed", kind: "event", message: evil }],
        proposal: evil,
        evaluation: {
          comparison: evil,
          rows: 1,
          compared: null,
          control: { ...side, variant: evil, exact: 0, input_tokens: 1 },
          candidate: { ...side, variant: evil, exact: 0, input_tokens: 1 },
          difference: null,
        },
        estimate: { ...TRAINING.estimate, basis: evil },
      },
      {
        spec: { route: evil, provider: evil, base_model: evil, model: evil, variant: evil, control: evil },
        remote: { id: evil, model: evil, address: evil, deployment: evil, status: evil },
      },
    );
    const choices = { routes: [evil], providers: [{ name: evil, simulated: false }] };
    for (const text of [page(job), jobsPage([job], choices)]) {
      expect(text.match(/<script/g)).toHaveLength(1);
      expect(text).not.toContain("<img");
      expect(text).toContain("&lt;script&gt;alert(1)");
    }
  });
});

describe("the page of a job", () => {
  test("in training shows how far it is, and looks again", () => {
    const text = page(TRAINING);
    expect(stepsOf(text)).toEqual([
      "uploading done",
      "creating done",
      "training now",
      "evaluating",
      "registering",
    ]);
    expect(text).toContain('<progress max="1" value="0.2500">');
    expect(text).toContain("25% · step 25 of 100 · the provider says running · about 25 minutes left");
    expect(text).toContain("<polyline");
    expect(text).toContain('http-equiv="refresh"');
    expect(text).toContain('<form data-act="cancel" data-job="ft_0123">');
  });

  test("before the first step has a bar without an end", () => {
    const text = page(jobWith({}, { remote: { step: null, steps: null, estimated_finish: NOW - 1 } }));
    expect(text).toContain("<progress></progress>");
    expect(text).not.toContain("minutes left");
  });

  test("that has succeeded shows what it took and what came of it, and is still", () => {
    const text = page(
      jobWith(
        {
          state: "succeeded",
          registered: true,
          proposal: "routes: {}",
          evaluation: {
            comparison: "cx_1",
            rows: 204,
            compared: 200,
            control: { ...side, variant: "prompted", exact: 0.712, input_tokens: 1204 },
            candidate: {
              variant: "recipes-tuned",
              answered: 200,
              failed: 4,
              exact: 0.893,
              interval: { low: 0.84, high: 0.93 },
              input_tokens: 21.4,
            },
            difference: { low: 0.103, high: 0.256 },
          },
          journal: [
            ...TRAINING.journal,
            { at: NOW - 600_000, state: "evaluating", kind: "step", message: "Trained." },
          ],
        },
        { remote: { trained_tokens: 200_000, epochs: 4, model: "ft:a", address: "ft:a" } },
      ),
    );
    expect(stepsOf(text).every((step) => step.endsWith(" done"))).toBe(true);
    expect(text).toMatch(
      /Trained tokens<\/th><td class="number" data-head="estimated">400,000<\/td><td class="number" data-head="real">200,000/,
    );
    expect(text).toMatch(
      /Cost<\/th><td class="number" data-head="estimated">\$2.00<\/td><td class="number" data-head="real">\$1.00/,
    );
    expect(text).toMatch(
      /Training time<\/th><td class="number" data-head="estimated">about 40 minutes<\/td><td class="number" data-head="real">/,
    );
    expect(text).toMatch(
      /Epochs<\/th><td class="number" data-head="estimated">\d+<\/td><td class="number" data-head="real">4</,
    );
    expect(text).toContain('href="../comparisons/cx_1.html"');
    expect(text).toContain("89.3%");
    expect(text).toContain("84% to 93%");
    expect(text).toContain("200 of 204");
    expect(text).toContain(
      "of the 200 rows that both answered. The difference is more than noise: from 10.3% to 25.6%",
    );
    expect(text).toContain("recipes-tuned, registered");
    expect(text).toContain("<pre>routes: {}</pre>");
    expect(page(jobWith({}, { spec: { simulated: true } }))).toContain("Simulated");
    expect(text).not.toContain('http-equiv="refresh"');
    expect(text).not.toContain('<form data-act="cancel"');
  });

  test("that has failed says where, why and what to do, in the provider's words too", () => {
    const text = page(jobWith({ state: "failed", problem: PROBLEM, losses: [] }));
    expect(stepsOf(text)).toEqual([
      "uploading done",
      "creating bad",
      "training",
      "evaluating",
      "registering",
      "failed bad",
    ]);
    for (const part of [
      "The file was refused.",
      "Check it.",
      "(status 400, code invalid_file)",
      "<pre>Invalid file</pre>",
    ])
      expect(text).toContain(part);
    expect(text).not.toContain('<form data-act="register"');
  });

  test("that waits for a person takes an address, and can be cancelled", () => {
    const text = page(
      jobWith({ state: "manual", problem: { ...PROBLEM, state: "deploying" } }, { spec: { api: "azure" } }),
    );
    expect(stepsOf(text).slice(2)).toEqual([
      "training done",
      "deploying bad",
      "evaluating",
      "registering",
      "waits for you bad",
    ]);
    expect(text).toContain('<form data-act="register" data-job="ft_0123"');
    expect(text).toContain('<form data-act="cancel"');
    expect(text).not.toContain('http-equiv="refresh"');
  });

  test("whose end is asked for says so, and is asked no second time", () => {
    const text = page(jobWith({ cancel_asked: true }));
    expect(text).toContain("Its end is asked for.");
    expect(text).not.toContain('<form data-act="cancel"');
  });

  test("that was cancelled tells how far it came", () => {
    const journal = [
      ...TRAINING.journal,
      { at: NOW, state: "cancelled", kind: "step", message: "Cancelled." } as const,
    ];
    expect(stepsOf(page(jobWith({ state: "cancelled", journal }))).slice(1)).toEqual([
      "creating done",
      "training",
      "evaluating",
      "registering",
      "cancelled",
    ]);
  });
});

describe("a job that nobody works on", () => {
  const button = (job: string, jobs: string): string =>
    `<form data-act="remove" data-job="${job}" data-model="recipes-ft" data-next="${jobs}?format=html">`;

  test.each(["succeeded", "failed", "cancelled", "manual"] as const)(
    "can be deleted on both pages: %s",
    (state) => {
      const job = jobWith({ state });
      expect(page(job)).toContain(button("ft_0123", "../tuning-jobs"));
      expect(jobsPage([job], CHOICES)).toContain(button("tuning-jobs/ft_0123", "tuning-jobs"));
    },
  );

  test.each(["uploading", "training", "registering"] as const)("is none that is %s", (state) => {
    for (const text of [page(jobWith({ state })), jobsPage([jobWith({ state })], CHOICES)])
      expect(text).not.toContain('<form data-act="remove"');
  });
});

test("a new job may be given names for what comes out", () => {
  const text = jobsPage([], CHOICES);
  for (const name of ["control", "model", "variant", "suffix"])
    expect(text).toContain(`<input name="${name}"`);
});

test("without a provider that trains there is no form, and it is said why", () => {
  const text = jobsPage([], { routes: ["recipes"], providers: [] });
  expect(text).not.toContain('<form id="question"');
  expect(text).toContain("No provider of the configuration trains models");
});

test("a plan shows what it costs, its notes and warnings, and starts with one button", async () => {
  const plan = await (await world())
    .tuner()
    .plan({ ...QUESTION, validation: undefined, usdPerMillion: 1000 });
  const training = { ...plan.reports.training, counts: { missing_system: 1, too_long: 1234 } };
  const reports = { training, validation: undefined };
  const text = planPart({ ...plan, reports, earlier: [TRAINING] });
  expect(text).toContain("nothing: there is no validation file");
  for (const note of plan.notes) expect(text).toContain(note.replaceAll("'", "&#39;"));
  expect(text).toContain("Warnings on the training file: too_long (1,234).");
  expect(text).toMatch(/Train it once more for about \$\d/);
  expect(planPart(plan)).toContain('<form data-act="start" data-force="false">');
  const simulated = planPart({ ...plan, spec: { ...plan.spec, simulated: true } });
  expect(simulated).toContain("<td>nothing; at the provider $");
  expect(simulated).toContain("<button>Start</button>");
});

test("of deployments those are marked that cost and that nobody uses", () => {
  const one = {
    name: "a",
    model: "m",
    phase: "running",
    status: "Succeeded",
    message: undefined,
    address: "a",
    capacity: 50,
    hostingPerHour: 1.7,
    provider: "cloud",
    models: ["tuned"],
    lastUsed: NOW,
    idle: true,
  } as const;
  const text = deploymentsPage({
    deployments: [one, { ...one, idle: false, hostingPerHour: undefined, lastUsed: undefined }],
    problems: [{ provider: "hf", message: "<expired>" }],
  });
  expect(text).toContain("hf: &lt;expired&gt;");
  expect(text).toContain("One costs by the hour, and had no request for a day.");
  expect(text.match(/ idle</g)).toHaveLength(1);
  expect(text).toContain("$1.70");
});
