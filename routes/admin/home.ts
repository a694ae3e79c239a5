import type { Hono } from "hono";
import { GatewayError } from "../../src/domain/errors.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { withStore } from "../../src/gateway/stored.ts";
import { PAGE_POLICY } from "../../src/tuning/pages/frame.ts";
import { homePage, type Kept } from "../../src/tuning/pages/home-page.ts";
import { endpoint } from "../endpoint.ts";
import type { Platform } from "../platform.ts";
import { page } from "./page.ts";
import { withTuning } from "./with-tuning.ts";

const JOBS = 20;
const COMPARISONS = 5;

/** `/admin`: where the pages begin. */
export function home(app: Hono, gateway: Gateway, platform: Platform): void {
  endpoint(app, "/admin", {
    GET: async (context) => {
      const kept = await keptIn(gateway, platform);
      const { table, standings } = gateway;
      const startsRollouts = platform.rollouts !== undefined;
      const overview = { table, standings, stale: platform.configStale(), kept, startsRollouts };
      return page(context, homePage(overview), PAGE_POLICY);
    },
  });
  // Links of the page are seen from there, and are right behind a proxy with a path of its own too.
  endpoint(app, "/admin/", { GET: (context) => context.redirect("../admin", 308) });
}

/** A store that does not answer leaves the rest of the page. */
async function keptIn(gateway: Gateway, platform: Platform): Promise<Kept | string | undefined> {
  if (gateway.store === undefined) return undefined;
  try {
    const [comparisons, jobs] = await Promise.all([
      withStore(gateway, (store) => store.comparisons(COMPARISONS)),
      platform.tuning && withTuning(gateway, platform, (tuning) => tuning.jobs({ open: true, limit: JOBS })),
    ]);
    return { comparisons, jobs };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return error.message;
  }
}
