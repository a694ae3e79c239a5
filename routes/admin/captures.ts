import type { Hono } from "hono";
import type { z } from "zod";
import type { Recipe } from "../../src/domain/capture.ts";
import { badRequest, type GatewayError } from "../../src/domain/errors.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { rebuild } from "../../src/gateway/rebuild.ts";
import { withStore } from "../../src/gateway/stored.ts";
import { type StoredCapture, StoreError } from "../../src/store/store.ts";
import { endpoint } from "../endpoint.ts";
import { parseQuery } from "../query.ts";
import type { captureList, deletion } from "./capture-fields.ts";
import { captureNotFound } from "./capture-not-found.ts";
import { captureQuery, deletionQuery, filterOf, pageOf } from "./capture-query.ts";
import { summaryOf, wholeJson } from "./shown-capture.ts";

/** `/admin/api/captures`: list and search what was captured, show one whole, delete one or all of a user. */
export function captures(app: Hono, gateway: Gateway): void {
  endpoint(app, "/admin/api/captures", {
    GET: async (context) => {
      const query = parseQuery(context.req.url, captureQuery);
      const page = await withStore(gateway, (store) => store.page(filterOf(query), pageOf(query)));
      const answer: Readonly<z.infer<typeof captureList>> = {
        object: "list",
        data: page.captures.map(summaryOf),
        has_more: page.next !== undefined,
        next_cursor: page.next ?? null,
      };
      return context.json(answer);
    },
    DELETE: async (context) => {
      const { user } = parseQuery(context.req.url, deletionQuery);
      const answer = await deleted(gateway, { user });
      const found = answer.captures + answer.feedback + answer.comparison_rows > 0;
      if (!found && gateway.table.redaction.stored.redact(user) !== user) throw namelessUser();
      return context.json(answer);
    },
  });
  endpoint(app, "/admin/api/captures/:id", {
    GET: async (context) => {
      const id = context.req.param("id") ?? "";
      const json = await withStore(gateway, async (store) => {
        const capture = await store.find(id);
        if (capture === undefined) throw captureNotFound();
        const recipe = await store.recipe(capture.recipe);
        return wholeJson(capture, recipe && rebuilt(capture, recipe));
      });
      return context.body(json, 200, { "content-type": "application/json" });
    },
    DELETE: async (context) => {
      const answer = await deleted(gateway, { id: context.req.param("id") ?? "" });
      if (answer.captures === 0) throw captureNotFound();
      return context.json(answer);
    },
  });
}

/** What went upstream; undefined where only the facts are kept, and where prompt and request do not fit together. */
function rebuilt({ content }: StoredCapture, recipe: Recipe): string | undefined {
  try {
    return content && rebuild(content.request, recipe);
  } catch {
    return undefined;
  }
}

/** What still waits to be written goes too. */
async function deleted(
  gateway: Gateway,
  which: { readonly user: string } | { readonly id: string },
): Promise<Readonly<z.infer<typeof deletion>>> {
  const counts = await withStore(gateway, async (store) => {
    gateway.captures?.forget(which);
    // What is written after the deletion would stay.
    if (!(await gateway.flushCaptures()))
      throw new StoreError("captures to be deleted wait to be written", true);
    return store.delete(which);
  });
  const { captures, feedback, comparisonRows } = counts;
  const sums = { captures, feedback, comparison_rows: comparisonRows };
  // The user's name would outlive the data in the log.
  gateway.log("info", "captures deleted", { by: "user" in which ? "user" : "id", ...sums });
  return { object: "crossover.deletion", ...sums };
}

/** To answer that nothing was there would be wrong: there may be captures, and nobody can tell whose they are. */
function namelessUser(): GatewayError {
  return badRequest(
    "invalid_value",
    "No capture has this user: redaction takes the name out before it is stored. Delete such captures by their ids.",
    "user",
  );
}
