import type { Hono } from "hono";
import type { z } from "zod";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { withStore } from "../../src/gateway/stored.ts";
import { reportsOn } from "../../src/reports/reports.ts";
import { toDocument } from "../../src/reports/to-document.ts";
import { endpoint } from "../endpoint.ts";
import { parseQuery } from "../query.ts";
import { questionOf, type reportList, reportQuery } from "./report-query.ts";

/** `GET /admin/api/report`: what both paths of a route cost, when a fine-tuned model pays, and advice. */
export function report(app: Hono, gateway: Gateway): void {
  endpoint(app, "/admin/api/report", {
    GET: async (context) => {
      const question = questionOf(parseQuery(context.req.url, reportQuery));
      const reports = await withStore(gateway, (store) =>
        reportsOn(store, gateway.table, question, Date.now()),
      );
      const answer: Readonly<z.infer<typeof reportList>> = {
        object: "list",
        data: reports.map(toDocument),
      };
      return context.json(answer);
    },
  });
}
