import type { Hono } from "hono";
import { z } from "zod";
import { comparisonDocument, rowDocument } from "../../src/comparison/document.ts";
import { comparisonPage, PAGE_POLICY } from "../../src/comparison/page.ts";
import { type Compared, storedComparison } from "../../src/comparison/stored.ts";
import { GatewayError } from "../../src/domain/errors.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { withStore } from "../../src/gateway/stored.ts";
import { endpoint } from "../endpoint.ts";
import { limitOf, parseQuery } from "../query.ts";

export const comparisonsQuery = z.strictObject({
  limit: limitOf("comparisons"),
});

export const comparisonQuery = z.strictObject({
  format: z.enum(["json", "html"]).default("json").describe("A page to read, or JSON."),
});

export const comparisonList = z.object({ object: z.literal("list"), data: z.array(comparisonDocument) });
export const wholeComparison = comparisonDocument.extend({ rows: z.array(rowDocument) });

/** `/admin/api/comparisons`: the stored ones, newest first, and one whole, as JSON or as a page. */
export function comparisons(app: Hono, gateway: Gateway): void {
  endpoint(app, "/admin/api/comparisons", {
    GET: async (context) => {
      const { limit } = parseQuery(context.req.url, comparisonsQuery);
      const stored = await withStore(gateway, (store) => store.comparisons(limit));
      const data = stored.flatMap((one) => storedComparison(one)?.document ?? []);
      return context.json({ object: "list", data });
    },
  });
  endpoint(app, "/admin/api/comparisons/:id", {
    GET: async (context) => {
      const { format } = parseQuery(context.req.url, comparisonQuery);
      const name = context.req.param("id") ?? "";
      const compared = await found(gateway, name.replace(/\.html$/, ""));
      if (format === "html" || name.endsWith(".html"))
        return context.body(comparisonPage(compared), 200, {
          "content-type": "text/html; charset=utf-8",
          "content-security-policy": `${PAGE_POLICY}; frame-ancestors 'none'`,
        });
      return context.json({ ...compared.document, rows: compared.rows });
    },
  });
}

async function found(gateway: Gateway, id: string): Promise<Compared> {
  const kept = await withStore(gateway, (store) => store.comparison(id));
  const compared = kept && storedComparison(kept.comparison, kept.rows);
  if (compared === undefined)
    throw new GatewayError({
      status: 404,
      type: "invalid_request_error",
      code: "comparison_not_found",
      message: "No comparison of this id is kept.",
      param: "id",
    });
  return compared;
}
