import type { Hono } from "hono";
import type { Gateway } from "../../src/gateway/gateway.ts";
import type { Platform } from "../platform.ts";
import { admit, requireJsonBody } from "./admit.ts";
import { captures } from "./captures.ts";
import { comparisons } from "./comparisons.ts";
import { config } from "./config.ts";
import { deployments } from "./deployments.ts";
import { explain } from "./explain.ts";
import { feedbackSummaries } from "./feedback.ts";
import { home } from "./home.ts";
import { keys } from "./keys.ts";
import { report } from "./report.ts";
import { rolloutPages } from "./rollout-pages.ts";
import { rollouts } from "./rollouts.ts";
import { tuningJobs } from "./tuning-jobs.ts";
import { why } from "./why.ts";

/** Nothing of the surface may run in, be framed by, or be told to another site; nothing of it is kept. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

/** The admin surface, for those whom `admit` lets in. */
export function admin(app: Hono, gateway: Gateway, platform: Platform): void {
  app.use("/admin/*", async (context, next) => {
    await next();
    // On errors too: Hono has made an answer of them by now. A page may have a stricter policy of its own.
    for (const [name, value] of Object.entries(SECURITY_HEADERS))
      if (!context.res.headers.has(name)) context.res.headers.set(name, value);
    // A browser asks its user then, and sends what it hears from now on.
    if (context.res.status === 401 && context.req.header("accept")?.includes("text/html") === true)
      context.res.headers.set("www-authenticate", 'Basic realm="Crossover", charset="UTF-8"');
  });
  app.use("/admin/*", async (context, next) => {
    admit(context.req.raw, gateway, platform);
    requireJsonBody(context.req.raw);
    await next();
  });
  home(app, gateway, platform);
  explain(app, gateway);
  config(app, gateway, platform);
  keys(app, gateway);
  captures(app, gateway);
  why(app, gateway);
  feedbackSummaries(app, gateway);
  report(app, gateway);
  comparisons(app, gateway);
  tuningJobs(app, gateway, platform);
  deployments(app, gateway, platform);
  rollouts(app, gateway, platform);
  rolloutPages(app, gateway, platform);
}
