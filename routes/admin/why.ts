import type { Hono } from "hono";
import { why as whyOf } from "../../src/backtest/why.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { parseCaptured } from "../../src/gateway/rebuild.ts";
import { withStore } from "../../src/gateway/stored.ts";
import { endpoint } from "../endpoint.ts";
import { captureNotFound } from "./capture-not-found.ts";

/** `GET /admin/api/requests/:id/why`: why a captured request went where it did, its calls, and where its rollout stood. */
export function why(app: Hono, gateway: Gateway): void {
  endpoint(app, "/admin/api/requests/:id/why", {
    GET: async (context) => {
      const id = context.req.param("id") ?? "";
      const tagsOf = (key: string): readonly string[] | undefined => gateway.keys.named(key)?.tags;
      const document = await withStore(gateway, (store) =>
        whyOf(id, { store, parse: parseCaptured, tagsOf }),
      );
      if (document === undefined) throw captureNotFound();
      return context.json(document);
    },
  });
}
