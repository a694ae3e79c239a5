import { frameWith } from "../../pages/frame.ts";

/** Of an answer's text only the plan is shown as HTML, which the gateway wrote. */
const ACTS = `
const plan = document.getElementById("plan");
function question() {
  const given = [...new FormData(document.getElementById("question"))].filter(([, value]) => value.trim() !== "");
  const { n_epochs, ...rest } = Object.fromEntries(given);
  return n_epochs === undefined ? rest : { ...rest, hyperparameters: { n_epochs: Number(n_epochs) } };
}
const acts = {
  question: async () => {
    plan.innerHTML = await (await send("tuning-jobs?format=html", { ...question(), dry_run: true })).text();
    plan.scrollIntoView({ behavior: "smooth" });
  },
  start: async (form) => {
    const answer = await send("tuning-jobs", { ...question(), force: given(form, "force") === "true" });
    location.assign("tuning-jobs/" + (await answer.json()).id + ".html");
    return true;
  },
  cancel: async (form) => {
    if (!confirm("Cancel this job? What was trained so far is lost, and may have to be paid for.")) return;
    await send(given(form, "job") + "/cancel", {});
    location.reload();
    return true;
  },
  resume: async (form) => {
    await send(given(form, "job") + "/resume", {});
    location.reload();
    return true;
  },
  register: async (form) => {
    await send(given(form, "job") + "/register", { address: new FormData(form).get("address") });
    location.reload();
    return true;
  },
  remove: async (form) => {
    const what = "with all copies of its data set, here and at the provider, and its comparison";
    if (!confirm("Delete the job of " + given(form, "model") + ", " + what + "? The model and its deployment stay.")) return;
    const { deleted, left } = await (await send(given(form, "job"), undefined, "DELETE")).json();
    if (!deleted) {
      if (!confirm(left + " Delete what is here all the same?")) throw new Error(left);
      await send(given(form, "job") + "?forget=true", undefined, "DELETE");
    }
    location.assign(given(form, "next"));
    return true;
  },
};
// A plan is for what was asked, and for nothing else.
document.getElementById("question")?.addEventListener("input", () => plan.replaceChildren());
`;

const FRAME = frameWith(ACTS);

export const PAGE_POLICY = FRAME.policy;
export const framed = FRAME.page;
