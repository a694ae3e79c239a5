import type { Context, Hono } from "hono";
import type { z } from "zod";
import type { Gateway } from "../../src/gateway/gateway.ts";
import type { changeList, rolloutList, runList } from "../../src/rollouts/document.ts";
import type { Asked, RolloutControl } from "../../src/rollouts/rollouts.ts";
import type { RolloutView } from "../../src/rollouts/run.ts";
import { changeToDocument, runToDocument, toDocument } from "../../src/rollouts/to-document.ts";
import { endpoint } from "../endpoint.ts";
import type { Platform } from "../platform.ts";
import { parseQuery } from "../query.ts";
import { adminOf } from "./admit.ts";
import { bodyOf } from "./body.ts";
import { beginning, change, changesQuery, runsQuery, weight } from "./rollout-fields.ts";
import { withRollouts } from "./with-rollouts.ts";

/** `/admin/api/rollouts`: where they stand and what is known, what was done to them, and doing it. */
export function rollouts(app: Hono, gateway: Gateway, platform: Platform): void {
  const reading = <T>(work: (control: RolloutControl) => Promise<T>): Promise<T> =>
    withRollouts(gateway, platform, work);

  endpoint(app, "/admin/api/rollouts", {
    GET: async (context) => {
      const views = await reading((control) => control.views());
      const answer: z.infer<typeof rolloutList> = { object: "list", data: views.map(toDocument) };
      return context.json(answer);
    },
  });
  endpoint(app, "/admin/api/rollouts/:name", {
    GET: async (context) =>
      context.json(toDocument(await reading((control) => control.view(nameIn(context))))),
  });
  endpoint(app, "/admin/api/rollouts/:name/changes", {
    GET: async (context) => {
      const { limit, before } = parseQuery(context.req.url, changesQuery);
      const changes = await reading((control) => control.changes(nameIn(context), limit, before));
      const answer: z.infer<typeof changeList> = { object: "list", data: changes.map(changeToDocument) };
      return context.json(answer);
    },
  });
  endpoint(app, "/admin/api/rollouts/:name/runs", {
    GET: async (context) => {
      const { limit } = parseQuery(context.req.url, runsQuery);
      const runs = await reading((control) => control.runs(nameIn(context), limit));
      const answer: z.infer<typeof runList> = { object: "list", data: runs.map(runToDocument) };
      return context.json(answer);
    },
  });

  /** Serves what changes a rollout. */
  function action<Body extends { readonly reason?: string | undefined }>(
    name: string,
    schema: z.ZodType<Body>,
    work: (control: RolloutControl, rollout: string, asked: Asked, body: Body) => Promise<RolloutView>,
  ): void {
    endpoint(app, `/admin/api/rollouts/:name/${name}`, {
      POST: async (context) => {
        const body = await bodyOf(context, gateway, schema);
        const rollout = nameIn(context);
        const asked = { by: adminOf(context.req.raw, gateway), reason: body.reason };
        return context.json(toDocument(await reading((control) => work(control, rollout, asked, body))));
      },
    });
  }
  action("start", beginning, (control, name, asked, { stage }) => control.start(name, { ...asked, stage }));
  action("pause", change, (control, name, asked) => control.pause(name, asked));
  action("resume", change, (control, name, asked) => control.resume(name, asked));
  action("promote", change, (control, name, asked) => control.promote(name, asked));
  action("rollback", change, (control, name, asked) => control.rollback(name, asked));
  action("set-weight", weight, (control, name, asked, { percent }) =>
    control.setWeight(name, percent, asked),
  );
}

export function nameIn(context: Context): string {
  return context.req.param("name") ?? "";
}
