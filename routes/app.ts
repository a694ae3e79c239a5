import { Hono } from "hono";
import { GatewayError, keysNeeded } from "../src/domain/errors.ts";
import { errorAnswer, newRequestId } from "../src/domain/own-answer.ts";
import type { Gateway } from "../src/gateway/gateway.ts";
import { admin } from "./admin/index.ts";
import { chat } from "./chat.ts";
import { compare } from "./compare.ts";
import { feedback } from "./feedback.ts";
import { health } from "./health.ts";
import { metrics } from "./metrics.ts";
import { models } from "./models.ts";
import { openapi } from "./openapi.ts";
import { passThrough } from "./pass-through.ts";
import type { Platform } from "./platform.ts";

/** The HTTP surface, the same on every platform. */
export function createApp(gateway: Gateway, platform: Platform, version: string): Hono {
  const app = new Hono();
  app.onError((error) => {
    const id = newRequestId();
    if (!(error instanceof GatewayError))
      gateway.log("error", "internal error", { request_id: id, error: error.stack ?? error.message });
    const { status, headers, body } = errorAnswer(error, id);
    return new Response(body, { status, headers });
  });
  app.notFound(() => {
    throw new GatewayError({
      status: 404,
      type: "invalid_request_error",
      code: "unknown_url",
      message:
        "There is nothing at this address. Chat completions and the list of models are under /v1, pages for the browser under /admin; /openapi.json describes all.",
    });
  });
  passThrough(app, gateway, platform); // it lets in whom the admin surface does
  guardKeyless(app, gateway, platform);
  chat(app, gateway, platform);
  compare(app, gateway, platform);
  models(app, gateway);
  feedback(app, gateway);
  health(app, gateway, platform);
  metrics(app, gateway);
  admin(app, gateway, platform);
  openapi(app, version);
  return app;
}

/** Where strangers can come even without any key, they are told to give one. */
function guardKeyless(app: Hono, { keys }: Gateway, { keyless }: Platform): void {
  if (keyless === undefined) return;
  app.use("/v1/*", async ({ req }, next) => {
    if (!keys.required && !keyless(req.url)) throw keysNeeded();
    await next();
  });
}
