import { createHash } from "node:crypto";
import { BASE_STYLE, Html, html } from "./html.ts";

const STYLE = `${BASE_STYLE}
:root { --training: #1f6feb; --validation: #c2410c; --field: #fff; }
@media (prefers-color-scheme: dark) { :root { --training: #79b8ff; --validation: #ffa657; --field: #0004; } }
body { max-width: 1100px; }
a { color: inherit; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem 1.2rem .3rem 0; text-align: left; vertical-align: top; }
th { color: var(--quiet); font-weight: 600; white-space: nowrap; }
.facts td { overflow-wrap: anywhere; }
td.text { min-width: 14rem; overflow-wrap: anywhere; }
td.number, th.number { text-align: right; white-space: nowrap; }
td.time { white-space: nowrap; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
pre { background: var(--soft); border-radius: 6px; margin: .5rem 0; max-height: 24rem; overflow: auto; overflow-wrap: anywhere; padding: .6rem .8rem; white-space: pre-wrap; }
.steps { display: flex; flex-wrap: wrap; gap: .4rem; list-style: none; margin: 1.2rem 0 .6rem; padding: 0; }
.steps li { border: 1px solid var(--line); border-radius: 99px; color: var(--quiet); padding: .1rem .8rem; }
.steps .done { color: var(--good); border-color: currentColor; }
.steps .now { background: var(--training); border-color: var(--training); color: Canvas; font-weight: 600; }
.steps .bad { border-color: currentColor; color: var(--bad); font-weight: 600; }
progress { accent-color: var(--training); display: block; height: .8rem; margin: .6rem 0; width: 100%; }
.box { border: 1px solid var(--line); border-left: 4px solid var(--validation); border-radius: 6px; margin: 1rem 0; padding: .6rem .8rem; overflow-wrap: anywhere; }
.box.failed { border-left-color: var(--bad); }
.bad { color: var(--bad); }
.good { color: var(--good); }
figure { margin: 0; }
figure svg { display: block; height: auto; max-width: 720px; width: 100%; }
svg text { fill: var(--quiet); font: 12px system-ui, sans-serif; }
svg .grid { stroke: var(--line); }
svg polyline { fill: none; stroke-width: 2; stroke-linejoin: round; }
svg .training { stroke: var(--training); }
svg .validation { stroke: var(--validation); }
svg circle.training { fill: var(--training); stroke: none; }
svg circle.validation { fill: var(--validation); stroke: none; }
figcaption span { margin-right: 1.2rem; }
figcaption .training { color: var(--training); }
figcaption .validation { color: var(--validation); }
figcaption span::before { content: "━ "; }
form.fields { display: grid; gap: .8rem 1.2rem; grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr)); margin: .6rem 0; }
form.fields > .whole { grid-column: 1 / -1; }
label { color: var(--quiet); display: block; font-size: .85rem; }
input, select { background: var(--field); border: 1px solid var(--line); border-radius: 6px; color: CanvasText; display: block; font: inherit; font-size: .95rem; margin-top: .2rem; padding: .35rem .5rem; width: 100%; }
option { background: Canvas; color: CanvasText; }
button { background: var(--training); border: 0; border-radius: 6px; color: Canvas; cursor: pointer; font: inherit; font-weight: 600; padding: .4rem 1rem; }
button.second { background: none; border: 1px solid var(--line); color: CanvasText; font-weight: 400; }
button:disabled { opacity: .5; cursor: default; }
form[aria-busy] button::after { content: " …"; }
td button { padding: 0 .6rem; }
.actions .actions { margin: 0; }
.actions { align-items: end; display: flex; flex-wrap: wrap; gap: .8rem; margin: 1rem 0; }
@media (max-width: 40rem) {
.stacked, .stacked tbody { display: block; }
.stacked thead { display: none; }
.stacked tr { border-bottom: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: 0 1rem; padding: .4rem 0; }
.stacked th, .stacked td { border: 0; min-width: 0; padding: 0; overflow-wrap: anywhere; }
.stacked td:empty { display: none; }
.stacked td[data-head]::before { color: var(--quiet); content: attr(data-head) " "; }
.stacked tr > :first-child:not(.time), .stacked td.text { flex-basis: 100%; }
svg text { font-size: 20px; }
}
.links { display: grid; gap: .4rem 1.2rem; grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); list-style: none; margin: 1rem 0; padding: 0; }
#told { min-height: 1.5em; }
`;

/** What the forms of every page have in common: they send JSON, which no page of another site may. */
const SCRIPT = `
const told = document.getElementById("told");
async function send(path, body, method = "POST") {
  const answer = await fetch(path, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  }).catch(() => {
    throw new Error("The gateway can't be reached. Nothing is known of what was asked: load the page anew to see.");
  });
  if (answer.ok) return answer;
  const refusal = await answer.json().catch(() => undefined);
  throw new Error(refusal?.error?.message ?? "The gateway answered " + answer.status + ".");
}
// Not by \`dataset\`: a form's input of this name would stand in its place.
const given = (form, name) => form.getAttribute("data-" + name);
addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const buttons = form.querySelectorAll("button");
  for (const button of buttons) button.disabled = true;
  form.ariaBusy = "true";
  told.textContent = "";
  (form.closest("div.actions, .wide") ?? form).after(told);
  try {
    if (await acts[given(form, "act")](form, event.submitter)) return;
  } catch (error) {
    told.textContent = error.message;
    told.scrollIntoView({ block: "nearest" });
  }
  form.ariaBusy = null;
  for (const button of buttons) button.disabled = false;
});
`;

/** Pages of one kind. */
export interface Frame {
  /** For a header too, where the pages are served: one style, one script, which asks this host alone. */
  readonly policy: string;
  /**
   * A whole page.
   * @param refreshSeconds after which it is loaded anew; undefined: never
   */
  page(title: string, body: Html, refreshSeconds?: number): string;
}

/**
 * What pages of one kind have around them.
 * @param acts JavaScript that declares `acts`: by the `data-act` of a form what it does when it is sent. It is given the form and
 *   the button, and tells by true that another page comes, so that nothing can be asked twice.
 * @param style beside what all pages look like
 */
export function frameWith(acts: string, style = ""): Frame {
  const allStyle = `${STYLE}${style}`;
  const script = `${SCRIPT}${acts}`;
  const policy = `default-src 'none'; style-src ${sha256(allStyle)}; script-src ${sha256(script)}; connect-src 'self'; base-uri 'none'; form-action 'none'`;
  return {
    policy,
    page: (title, body, refreshSeconds) =>
      html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="content-security-policy" content="${policy}">
${refreshSeconds === undefined ? html`` : html`<meta http-equiv="refresh" content="${refreshSeconds}">`}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${new Html(allStyle)}</style>
</head>
<body>
${body}
<p id="told" class="bad" role="alert"></p>
<script>${new Html(script)}</script>
</body>
</html>
`.text,
  };
}

function sha256(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
