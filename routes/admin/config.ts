import type { Hono } from "hono";
import { ConfigError } from "../../src/config/problem.ts";
import { GatewayError, serverError } from "../../src/domain/errors.ts";
import { percentOf, positionOf, type Standings } from "../../src/domain/rollout.ts";
import type { Use } from "../../src/domain/table.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { endpoint } from "../endpoint.ts";
import type { Platform } from "../platform.ts";

/** `GET /admin/api/config`: the table in force, without secrets. `POST .../reload`: read it anew. */
export function config(app: Hono, gateway: Gateway, platform: Platform): void {
  endpoint(app, "/admin/api/config", {
    GET: (context) => context.json({ ...summary(gateway), stale: platform.configStale() }),
  });
  endpoint(app, "/admin/api/config/reload", {
    POST: (context) => {
      if (platform.reload === undefined)
        throw serverError(
          503,
          "reload_unavailable",
          "This platform takes a new configuration only by a new deployment.",
        );
      try {
        const changed = platform.reload();
        return context.json({ object: "crossover.reload", changed, version: gateway.table.version });
      } catch (error) {
        throw error instanceof ConfigError ? invalidConfig(error) : error;
      }
    },
  });
}

function invalidConfig(error: ConfigError): GatewayError {
  return new GatewayError({
    status: 422,
    type: "invalid_request_error",
    code: "invalid_config",
    message: `The new configuration can't be used, the old one stays in force. ${error.message}`,
    param: error.problems[0]?.key || undefined,
  });
}

function summary({ table, standings }: Gateway): Readonly<Record<string, unknown>> {
  return {
    object: "crossover.config",
    version: table.version,
    notices: table.notices,
    routes: [...table.routes.values()].map((route) => ({
      name: route.name,
      description: route.description ?? null,
      capture: route.capture ?? false,
      rules: route.rules.map((rule) => ({
        name: rule.name,
        when: rule.when?.source ?? null,
        use: useSummary(rule.use, standings),
      })),
    })),
    variants: [...table.variants.values()].map(({ name, path, model, prompt, fallback }) => ({
      name,
      path,
      model: model.name,
      provider: model.provider,
      upstream_model: model.upstreamModel,
      fine_tuned: model.fineTuned,
      price: model.price ?? null,
      prompt: prompt === undefined ? null : { name: prompt.name, version: prompt.version },
      fallback,
    })),
  };
}

function useSummary(use: Use, standings: Standings): unknown {
  switch (use.kind) {
    case "variant":
      return use.variant.name;
    case "split":
      return { split: Object.fromEntries(use.arms.map((arm) => [arm.variant.name, arm.share])) };
    case "rollout":
      return {
        rollout: use.rollout.name,
        percent: percentOf(positionOf(use.rollout, standings).share),
      };
  }
}
