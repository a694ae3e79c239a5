import type { CommandParser } from "@redis/client";
import { z } from "zod";
import { HELD_RETRY_MS } from "./ledger.ts";
import { luaScripts } from "./redis-scripts.ts";

/** The ledger's scripts on a server. All reject when it can't be reached; none has a deadline of its own. */
export interface RedisStore {
  reserve(keys: readonly string[], args: readonly string[]): Promise<readonly number[]>;
  settle(keys: readonly string[], args: readonly string[]): Promise<unknown>;
  charge(keys: readonly string[], args: readonly string[]): Promise<unknown>;
  renew(keys: readonly string[], args: readonly string[]): Promise<unknown>;
  /** Ends the connection at once. */
  close(): void;
}

export interface RedisStoreOptions {
  /** Such as `redis://user:password@host:6379/0`; `rediss:` for TLS. */
  readonly url: string;
  /** Is the address a node of a Redis Cluster? */
  readonly cluster?: boolean;
  /** A Lua expression for the time in milliseconds. Default: the server's own. */
  readonly now?: string;
}

/** How long connecting may take, and how long a server may say nothing, in milliseconds. */
const CONNECT_MS = 1000;
const SILENT_MS = 5000;
const MOST_RECONNECT_MS = 1000;

const replySchema = z.array(z.int());

/**
 * Loads the client, which nobody pays for who has no Redis, and connects. A server that is not there within a second is
 * connected to when it comes.
 */
export async function openRedis({ url, cluster = false, now }: RedisStoreOptions): Promise<RedisStore> {
  const { createClient, createCluster, defineScript } = await import("@redis/client");
  const lua = luaScripts(HELD_RETRY_MS, now);
  const script = (source: string) => defineScript({ SCRIPT: source, parseCommand, transformReply: asItCame });
  const scripts = {
    reserve: script(lua.reserve),
    settle: script(lua.settle),
    charge: script(lua.charge),
    renew: script(lua.renew),
  };
  const connection = {
    disableOfflineQueue: true,
    pingInterval: CONNECT_MS,
    maintNotifications: "disabled",
    socket: {
      connectTimeout: CONNECT_MS,
      socketTimeout: SILENT_MS,
      // With jitter, so that a fleet of gateways does not come back in one moment.
      reconnectStrategy: (retries: number) =>
        Math.min(MOST_RECONNECT_MS, 25 * 2 ** Math.min(retries, 10)) * (0.5 + Math.random() / 2),
    },
  } as const;
  const client = cluster
    ? createCluster({ rootNodes: [{ url }], defaults: connection, scripts })
    : createClient({ url, ...connection, scripts });
  client.on("error", () => {}); // a command that fails tells; the event would end the process
  const connect = (): Promise<unknown> => client.connect().catch(() => {});
  await Promise.race([connect(), new Promise((resolve) => setTimeout(resolve, CONNECT_MS))]);
  /** A cluster's client gives up when no node answers; a single one's goes on by itself. */
  const opened = () => {
    if (!client.isOpen) void connect();
    return client;
  };
  return {
    reserve: async (keys, args) => replySchema.parse(await opened().reserve(keys, args)),
    settle: (keys, args) => opened().settle(keys, args),
    charge: (keys, args) => opened().charge(keys, args),
    renew: (keys, args) => opened().renew(keys, args),
    close: () => client.destroy(),
  };
}

function parseCommand(parser: CommandParser, keys: readonly string[], args: readonly string[]): void {
  parser.pushKeysLength([...keys]);
  parser.push(...args);
}

function asItCame(reply: unknown): unknown {
  return reply;
}
