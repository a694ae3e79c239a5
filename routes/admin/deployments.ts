import type { Context, Hono } from "hono";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { deploymentsPage } from "../../src/tuning/pages/deployments-page.ts";
import { PAGE_POLICY } from "../../src/tuning/pages/frame.ts";
import { endpoint } from "../endpoint.ts";
import type { Platform } from "../platform.ts";
import { parseQuery } from "../query.ts";
import { bodyOf } from "./body.ts";
import { page } from "./page.ts";
import { deploymentsQuery, scaling, shownDeployments } from "./tuning-fields.ts";
import { withTuning } from "./with-tuning.ts";

/** `/admin/api/deployments`: what answers for tuned models at the providers; scale it, take it down. */
export function deployments(app: Hono, gateway: Gateway, platform: Platform): void {
  endpoint(app, "/admin/api/deployments", {
    GET: async (context) => {
      const { provider, format } = parseQuery(context.req.url, deploymentsQuery);
      const overview = await withTuning(gateway, platform, (tuning) => tuning.deployments(provider));
      if (format === "html") return page(context, deploymentsPage(overview), PAGE_POLICY);
      return context.json(shownDeployments(overview));
    },
  });
  endpoint(app, "/admin/api/deployments/:provider/:name", {
    DELETE: async (context) => {
      const which = whichIn(context);
      await withTuning(gateway, platform, (tuning) => tuning.undeploy(which.provider, which.name));
      gateway.log("info", "deployment removed", which);
      return context.json({ object: "crossover.deployment", ...which, deleted: true });
    },
  });
  endpoint(app, "/admin/api/deployments/:provider/:name/scale", {
    POST: async (context) => {
      const { capacity } = await bodyOf(context, gateway, scaling);
      const which = whichIn(context);
      await withTuning(gateway, platform, (tuning) => tuning.scale(which.provider, which.name, capacity));
      gateway.log("info", "deployment scaled", { ...which, capacity });
      return context.json({ object: "crossover.deployment", ...which, capacity });
    },
  });
}

function whichIn({ req }: Context): { readonly provider: string; readonly name: string } {
  return { provider: req.param("provider") ?? "", name: req.param("name") ?? "" };
}
