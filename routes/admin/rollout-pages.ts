import type { Hono } from "hono";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { PAGE_POLICY } from "../../src/rollouts/pages/frame.ts";
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
    GET: async (context) => {
      const views = await withRollouts(gateway, platform, (control) => control.views());
      return page(context, rolloutsPage(views.map(toDocument)), PAGE_POLICY);
    },
  });
  endpoint(app, "/admin/rollouts/:name", {
    GET: async (context) => {
      const [view, changes] = await withRollouts(gateway, platform, (control) =>
        Promise.all([control.view(nameIn(context)), control.changes(nameIn(context), CHANGES)]),
      );
      return page(context, rolloutPage(toDocument(view), changes.map(changeToDocument)), PAGE_POLICY);
    },
  });
}
