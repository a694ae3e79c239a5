import { type Html, html } from "../../pages/html.ts";
import { isEnded, type TuningJob } from "../job.ts";

/**
 * The button that deletes a job; nothing for one that is worked on.
 * @param job its address, seen from the page
 * @param jobs the address of the page of all jobs, where it leads
 */
export function removal({ state, spec }: TuningJob, job: string, jobs: string): Html {
  if (!isEnded(state) && state !== "manual") return html``;
  return html`<form data-act="remove" data-job="${job}" data-model="${spec.model}" data-next="${jobs}?format=html"><button class="second">Delete the job</button></form>`;
}
