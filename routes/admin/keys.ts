import type { Context, Hono } from "hono";
import type { z } from "zod";
import { badRequest, serverError } from "../../src/domain/errors.ts";
import { instantOf } from "../../src/domain/instant.ts";
import type { LimitSettings, Table } from "../../src/domain/table.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import type { Issued, ListedKey } from "../../src/keys/key-ring.ts";
import { StoreError } from "../../src/keys/store.ts";
import { endpoint } from "../endpoint.ts";
import { bodyOf } from "./body.ts";
import { type issuedKey, newKey, rotation, type shownKey } from "./key-fields.ts";

type KeyAnswer = Readonly<z.infer<typeof shownKey>>;

/** `/admin/api/keys`: list keys, create, rotate and revoke them. A secret is told once, by what made it. */
export function keys(app: Hono, gateway: Gateway): void {
  const { log } = gateway;
  endpoint(app, "/admin/api/keys", {
    GET: (context) => context.json({ object: "list", data: gateway.keys.list().map(shown) }),
    POST: async (context) => {
      const wanted = await bodyOf(context, gateway, newKey);
      requireRoutes(wanted.routes ?? [], gateway.table);
      const issued = await kept(gateway, () =>
        gateway.keys.create({
          name: wanted.name,
          tags: wanted.tags,
          routes: wanted.routes,
          forceVariant: wanted.force_variant,
          admin: wanted.admin,
          capture: wanted.capture,
          limits: settingsOf(wanted.limits),
          expiresAt: futureOf(wanted.expires_at),
        }),
      );
      log("info", "key created", { key: wanted.name });
      return context.json(withSecret(issued), 201);
    },
  });
  endpoint(app, "/admin/api/keys/:name", {
    DELETE: async (context) => {
      const key = await kept(gateway, () => gateway.keys.revoke(nameIn(context)));
      log("info", "key revoked", { key: key.name });
      return context.json(shown({ source: "created", key, shadowed: false }));
    },
  });
  endpoint(app, "/admin/api/keys/:name/rotate", {
    POST: async (context) => {
      const { overlap_seconds } = await bodyOf(context, gateway, rotation);
      const issued = await kept(gateway, () => gateway.keys.rotate(nameIn(context), overlap_seconds * 1000));
      log("info", "key rotated", { key: issued.key.name, overlap_seconds });
      return context.json(withSecret(issued));
    },
  });
}

/** A name may hold slashes, which a client writes as `%2F`. */
function nameIn(context: Context): string {
  return context.req.param("name") ?? "";
}

function requireRoutes(routes: readonly string[], table: Table): void {
  const index = routes.findIndex((route) => !table.routes.has(route));
  if (index !== -1)
    throw badRequest("invalid_value", `There is no route \`${routes[index]}\`.`, `routes[${index}]`);
}

function futureOf(expires: string | undefined): number | undefined {
  const at = expires === undefined ? undefined : instantOf(expires);
  if (at !== undefined && at <= Date.now())
    throw badRequest("invalid_value", "`expires_at` has passed already.", "expires_at");
  return at;
}

/** @throws GatewayError 503 when the change can't be stored; then nothing has changed */
async function kept<T>({ log }: Gateway, change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    log("error", "keys can't be stored", { problem: error.message });
    throw serverError(
      503,
      "store_unavailable",
      "The change could not be stored, so nothing has changed. The log says why.",
    );
  }
}

function withSecret({ key, secret }: Issued): Readonly<z.infer<typeof issuedKey>> {
  return { ...shown({ source: "created", key, shadowed: false }), secret };
}

function shown(listed: ListedKey): KeyAnswer {
  const { source, key } = listed;
  const created = listed.source === "created" ? listed : undefined;
  return {
    object: "crossover.key",
    name: key.name,
    tags: [...key.tags],
    routes: key.routes === undefined ? null : [...key.routes],
    force_variant: key.forceVariant,
    admin: key.admin,
    capture: key.capture,
    limits: key.limits === undefined ? null : shownLimits(key.limits),
    source,
    hint: key.hint === undefined ? null : `…${key.hint}`,
    created_at: timeOf(created?.key.createdAt),
    expires_at: timeOf(key.expiresAt),
    revoked: created?.key.revokedAt !== undefined,
    shadowed: created?.shadowed ?? false,
  };
}

function settingsOf(limits: z.infer<typeof newKey>["limits"]): LimitSettings | undefined {
  if (limits === undefined || Object.keys(limits).length === 0) return undefined;
  return {
    requestsPerMinute: limits.requests_per_minute,
    tokensPerMinute: limits.tokens_per_minute,
    concurrentStreams: limits.concurrent_streams,
    usdPerDay: limits.usd_per_day,
    usdPerMonth: limits.usd_per_month,
  };
}

function shownLimits(limits: LimitSettings): KeyAnswer["limits"] {
  return {
    requests_per_minute: limits.requestsPerMinute ?? null,
    tokens_per_minute: limits.tokensPerMinute ?? null,
    concurrent_streams: limits.concurrentStreams ?? null,
    usd_per_day: limits.usdPerDay ?? null,
    usd_per_month: limits.usdPerMonth ?? null,
  };
}

function timeOf(at: number | undefined): string | null {
  return at === undefined ? null : new Date(at).toISOString();
}
