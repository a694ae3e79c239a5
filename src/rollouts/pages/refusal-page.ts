import { html } from "../../pages/html.ts";
import { framed } from "./frame.ts";

/**
 * In place of a page that can't be shown: why not, and what to do.
 * @param admin where the pages begin, as seen from this one
 */
export function refusalPage(message: string, admin: string): string {
  return framed(
    "Rollouts",
    html`<p class="quiet"><a href="${admin}">Home</a> · <a href="${admin}/rollouts">All rollouts</a></p>
<h1>Rollouts</h1>
<p class="box">${message}</p>`,
  );
}
