import { z } from "zod";

/** The options of every command that asks a running gateway. */
export const CONNECTION_OPTIONS = { url: { type: "string" }, json: { type: "boolean" } } as const;

export interface Question {
  readonly method: "GET" | "POST" | "DELETE";
  /** Below `/admin/api`. */
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

const refusal = z.object({ error: z.object({ message: z.string(), code: z.string().nullable() }) });

/** Nobody answers at the address: the gateway may be starting anew. */
export class NoAnswer extends Error {}

/**
 * Asks the admin API, with the token in CROSSOVER_ADMIN_TOKEN where there is one.
 * @param url where the gateway is; default that of the default configuration
 * @throws TypeError for what is no URL, Error in the gateway's words when it refuses or nobody answers
 */
export async function askAdmin<T>(
  url: string | undefined,
  { method, path, body }: Question,
  schema: z.ZodType<T>,
): Promise<T> {
  const base = new URL(url ?? "http://127.0.0.1:8787").href.replace(/\/+$/, "");
  const token = process.env["CROSSOVER_ADMIN_TOKEN"];
  const answer = await fetch(`${base}/admin/api${path}`, {
    method,
    redirect: "error", // the token is for this address alone
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch((cause: unknown) => {
    throw new NoAnswer(`no gateway answers at ${base}. Is it running? --url names another address`, {
      cause,
    });
  });
  const text = await answer.text();
  if (answer.ok) {
    const good = schema.safeParse(parsedJson(text));
    if (good.success) return good.data;
  }
  const refused = refusal.safeParse(parsedJson(text));
  if (!refused.success) throw new Error(`what answers at ${base} is no Crossover (${answer.status})`);
  const { message, code } = refused.data.error;
  throw new Error(`${message} (${answer.status} ${code})`);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
