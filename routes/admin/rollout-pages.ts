import type { Context, Hono } from "hono";
import { GatewayError } from "../../src/domain/errors.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { PAGE_POLICY } from "../../src/rollouts/pages/frame.ts";
import { refusalPage } from "../../src/rollouts/pages/refusal-page.ts";
import { rolloutPage } from "../../src/rollouts/pages/rollout-page.ts";
import { rolloutsPage } from "../../src/rollouts/pages/rollouts-page.ts";
import { changeToDocument, toDocument } from "../../src/rollouts/to-document.ts";
import { endpoint } from "../endpoint.ts";
import type { Platform } from "../platform.ts";
import { page } from "./page.ts";
import { nameIn } from "./rollouts.ts";
import { withRollouts } from "./with-rollouts.ts";

/** Of the audit trail, as many as a person reads. */
const CHANGES = 50;

/** `/admin/rollouts` and `/admin/rollouts/NAME`: the pages of rollouts. */
export function rolloutPages(app: Hono, gateway: Gateway, platform: Platform): void {
  endpoint(app, "/admin/rollouts", {
    GET: (context) =>
      drawn(context, "../admin", async () => {
        const views = await withRollouts(gateway, platform, (control) => control.views());
        return rolloutsPage(views.map(toDocument));
      }),
  });
  endpoint(app, "/admin/rollouts/:name", {
    GET: (context) =>
      drawn(context, "../../admin", async () => {
        const [view, changes] = await withRollouts(gateway, platform, (control) =>
          Promise.all([control.view(nameIn(context)), control.changes(nameIn(context), CHANGES)]),
        );
        return rolloutPage(toDocument(view), changes.map(changeToDocument));
      }),
  });
}

/** A browser is told on a page too why there is none, with the status that a program gets. @param admin as seen from there */
async function drawn(context: Context, admin: string, draw: () => Promise<string>): Promise<Response> {
  try {
    return page(context, await draw(), PAGE_POLICY);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const { body, headers } = page(context, refusalPage(error.message, admin), PAGE_POLICY);
    const all = new Headers([...headers, ...Object.entries(error.headers)]);
    return new Response(body, { status: error.status, headers: all });
  }
}
