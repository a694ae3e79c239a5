import { frameWith } from "../../pages/frame.ts";

/**
 * A rollout's page looks again by itself. What a person types must outlive that: only the part that tells is put in anew, and
 * that with the buttons when it is another state's, and nobody is at it.
 */
const ACTS = `
const acts = {
  change: async (form, button) => {
    const action = given(form, "action") ?? button.value;
    const { reason, percent } = Object.fromEntries(new FormData(form));
    const weight = percent === undefined ? undefined : Number(percent);
    const question = given(button, "confirm");
    if (question !== null && !confirm(question)) return;
    await send(given(form, "rollout") + "/" + action, {
      ...(reason.trim() === "" ? {} : { reason }),
      ...(weight === undefined ? {} : { percent: weight }),
    });
    location.reload();
    return true;
  },
};
const parts = () => [...document.querySelectorAll("[data-live]")];
const put = (from, id) => document.getElementById(id)?.replaceWith(from.getElementById(id));
async function look() {
  if (document.querySelector("details[open]")) return; // somebody reads it
  const answer = await fetch(location.href).catch(() => undefined);
  if (!answer?.ok) {
    for (const part of parts()) part.setAttribute("data-stale", "");
    return;
  }
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const { id } of parts()) put(fresh, id);
  const actions = document.getElementById("actions");
  const state = (one) => one.getElementById("actions")?.getAttribute("data-state");
  if (actions && state(fresh) !== state(document) && !actions.contains(document.activeElement)) put(fresh, "actions");
}
if (parts().length > 0) setInterval(look, 5000);
`;

const STYLE = `
.weight { height: 2.6rem; max-width: none; }
.bar { display: block; height: .8rem; min-width: 8rem; width: 100%; }
svg .track { fill: var(--soft); stroke: var(--line); vector-effect: non-scaling-stroke; }
svg .fill { fill: var(--training); }
svg .fill.warm { fill: var(--validation); }
svg .fill.crossed { fill: var(--bad); }
svg .fill.promoted { fill: var(--good); }
svg .peak, svg .tick { stroke: var(--quiet); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.percent { font-size: 2.2rem; font-variant-numeric: tabular-nums; font-weight: 600; line-height: 1.2; }
.steps li small { font-weight: 400; }
[data-stale] { opacity: .6; }
[data-stale]:first-of-type::before { color: var(--bad); content: "The gateway does not answer: this is how it was."; display: block; }
ul.plain { margin: .25rem 0; padding-left: 1.2rem; }
td.evidence { min-width: 12rem; }
td.name { min-width: 12rem; }
td.narrow { min-width: 7rem; }
.actions label { flex: 1 1 12rem; }
@media (max-width: 40rem) { .stacked td.evidence, .stacked td.name { min-width: 12rem; }
td.narrow { flex-basis: 100%; } }
button.danger { background: var(--bad); }
`;

const FRAME = frameWith(ACTS, STYLE);

export const PAGE_POLICY = FRAME.policy;
export const framed = FRAME.page;
