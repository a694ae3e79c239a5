import { createHash } from "node:crypto";
import { BASE_STYLE, Html, html } from "../pages/html.ts";
import type { AgreementDocument, ResultDocument, RowDocument } from "./document.ts";
import { readable } from "./message.ts";
import type { Compared } from "./stored.ts";
import {
  agreementTable,
  differenceTable,
  judgeTable,
  simulatedNote,
  type Table,
  variantTable,
} from "./tables.ts";
import { count, milliseconds, NOTHING, usd } from "./words.ts";

const STYLE = `${BASE_STYLE}table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .8rem .3rem 0; text-align: right; white-space: nowrap; }
th { color: var(--quiet); font-weight: 600; }
th:nth-child(-n + 2), td:nth-child(-n + 2) { text-align: left; }
article { border: 1px solid var(--line); border-radius: 6px; margin: 1rem 0; break-inside: avoid; }
article > h3 { background: var(--soft); font-size: 1rem; margin: 0; padding: .6rem .8rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.answers { display: grid; gap: 1px; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); }
section { min-width: 0; padding: .6rem .8rem; }
section h4 { margin: 0 0 .4rem; }
pre { font: inherit; margin: 0 0 .5rem; max-height: 30rem; overflow: auto; overflow-wrap: anywhere; white-space: pre-wrap; }
.facts { color: var(--quiet); font-size: .85rem; }
.bad { color: var(--bad); }
.good { color: var(--good); }
@media print { pre { max-height: none; } }
`;

/** The one style that the page may have: it runs nothing and loads nothing. */
const STYLE_HASH = `'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`;

/** For a header too, where the page is served. */
export const PAGE_POLICY = `default-src 'none'; style-src ${STYLE_HASH}; base-uri 'none'; form-action 'none'`;

/** A comparison as one page, with nothing beside it: its tables, then each query with its answers side by side. */
export function comparisonPage({ document, rows }: Compared): string {
  const { id, created, route, baseline, summary } = document;
  const time = new Date(created * 1000).toISOString().replace("T", " ").slice(0, 16);
  const note = simulatedNote(summary);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="content-security-policy" content="${PAGE_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Comparison ${id}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<h1>Comparison: ${document.variants.join(", ")}</h1>
<p class="quiet">${count(summary.queries)} ${summary.queries === 1 ? "query" : "queries"}${
    route === null ? "" : ` of the route ${route}`
  }, ${time} UTC, baseline ${baseline}. ${id}</p>
${shownTable("What each took", "Tokens are means of a query; p50 and p95 are of the time.", variantTable(summary))}
${note === undefined ? html`` : html`<p class="bad">${note}</p>`}
${shownTable("How far they agree", "Means and shares with their 95% intervals.", agreementTable(summary))}
${shownTable("What the judge says", "A win takes both orders of the two answers; where they disagree it is a tie.", judgeTable(summary))}
${shownTable("Differences", "Of the same query, less the baseline's: means with their 95% intervals.", differenceTable(summary))}
<h2>Queries</h2>
${rows.map(shownRow)}
</body>
</html>
`;
  return page.text;
}

function shownTable(title: string, note: string, { head, rows }: Table): Html {
  if (rows.length === 0) return html``;
  return html`<h2>${title}</h2>
<p class="quiet">${note}</p>
<div class="wide"><table>
<thead><tr>${head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>\n`)}</tbody>
</table></div>`;
}

function shownRow({ query, system, capture_id, expected, results, agreement }: RowDocument): Html {
  const expectedAnswer =
    expected === null
      ? html``
      : html`<section><h4>${capture_id === null ? "Expected" : "Captured"}</h4><pre>${expected}</pre></section>`;
  return html`<article><h3>${query === "" ? NOTHING : query}</h3>
${system === undefined ? html`` : html`<section class="facts">System message<pre>${system}</pre></section>`}
<div class="answers">${expectedAnswer}${results.map((result) =>
    shownResult(
      result,
      agreement.filter(({ variant }) => variant === result.variant),
      capture_id === null ? "the expected answer" : "the captured answer",
    ),
  )}</div>${
    capture_id === null ? html`` : html`<section class="facts">Capture ${capture_id}</section>`
  }</article>
`;
}

function shownResult(
  result: ResultDocument,
  agreement: readonly AgreementDocument[],
  reference: string,
): Html {
  const { variant, model, message, error } = result;
  const answer =
    error === null
      ? html`<pre>${readable(message)}</pre>`
      : html`<pre class="bad">${error.message} (${error.status}${error.code === null ? "" : ` ${error.code}`})</pre>`;
  return html`<section><h4>${variant} <span class="quiet">${model}</span></h4>
${answer}<p class="facts">${factsOf(result)}</p>
${agreement.map((one) => shownAgreement(one, reference))}</section>`;
}

function factsOf(result: ResultDocument): string {
  const { usage, added_tokens, cost_usd, latency_ms, first_token_ms, finish_reason, schema_valid } = result;
  const facts = [
    usage === null ? "" : `${count(usage.input_tokens)} tokens in, ${count(usage.output_tokens)} out`,
    added_tokens === 0 ? "" : `${count(added_tokens)} added by the prompt`,
    cost_usd === null ? "" : usd(cost_usd),
    milliseconds(latency_ms),
    first_token_ms === null ? "" : `first token ${milliseconds(first_token_ms)}`,
    finish_reason === null || finish_reason === "stop" ? "" : `ended by ${finish_reason}`,
    schema_valid === null ? "" : schema_valid ? "valid JSON" : "not the JSON that was asked for",
  ];
  return facts.filter((fact) => fact !== "").join(" · ");
}

function shownAgreement(
  { against, exact, edit_similarity, ...more }: AgreementDocument,
  reference: string,
): Html {
  const { tool_calls_equal, embedding_similarity, judge } = more;
  const facts = [
    exact ? "exactly equal" : `edit similarity ${edit_similarity.toFixed(2)}`,
    tool_calls_equal === null ? "" : `${tool_calls_equal ? "the same" : "other"} tool calls`,
    embedding_similarity === null ? "" : `embedding similarity ${embedding_similarity.toFixed(2)}`,
  ];
  const line = facts.filter((fact) => fact !== "").join(" · ");
  return html`<p class="facts">Against ${against ?? reference}: ${line}${
    judge === null ? html`` : shownJudgement(judge)
  }</p>
`;
}

function shownJudgement({ outcome, error, verdicts }: NonNullable<AgreementDocument["judge"]>): Html {
  const name = { win: "good", loss: "bad", tie: "quiet" } as const;
  const reasons = verdicts.filter(({ reason }) => reason !== "");
  return html` · judge: <strong class="${outcome === null ? "quiet" : name[outcome]}">${
    outcome ?? error ?? "unreadable"
  }</strong>${reasons.map(
    ({ shown_first, reason }) =>
      html`<br>${shown_first === "variant" ? "Shown first" : "Shown second"}: ${reason}`,
  )}`;
}
