import { parseArgs } from "node:util";
import type { z } from "zod";
import { issuedKey, keyList, shownKey } from "../../routes/admin/key-fields.ts";
import { newSecret, sha256 } from "../keys/secret.ts";
import { askAdmin, CONNECTION_OPTIONS, printJson } from "./admin-api.ts";
import { UsageError } from "./error-text.ts";
import type { Command } from "./main.ts";
import { textTable } from "./text-table.ts";

export const keys: Command = {
  help: `Usage: crossover keys list
       crossover keys create NAME [--tag TAG] [--route ROUTE] [--limit NAME=NUMBER] [--force-variant] [--admin]
                            [--no-capture] [--expires WHEN]
       crossover keys rotate NAME [--overlap SECONDS]
       crossover keys revoke NAME
       crossover keys generate

Asks the admin API of a running gateway, with the token in CROSSOVER_ADMIN_TOKEN: \`server.adminToken\`, or the
secret of a key that may use the admin API. A secret is printed once, alone on standard output.
  --url            where the gateway is. Default http://127.0.0.1:8787
  --json           print what the admin API answers
  --tag            a tag for conditions, as often as needed
  --route          a route that the key may use, as often as needed; without any it may use all
  --limit          what it may take at most, such as requests_per_minute=60, as often as needed; also
                   tokens_per_minute, concurrent_streams, usd_per_day, usd_per_month
  --force-variant  the key may choose a variant with x-crossover-variant
  --admin          the key may use the admin API
  --no-capture     its requests are not captured
  --expires        a date, of which the end in UTC is meant, or a time such as 2027-01-31T18:00:00Z
  --overlap        for how many seconds the old secret stays good. Default 0
\`generate\` asks nobody: it prints a new secret, and its SHA-256 for \`keys\` in the configuration.
`,
  run: async ([action = "", ...args]) => {
    const run = Object.hasOwn(actions, action) ? actions[action] : undefined;
    if (run === undefined) throw new UsageError(`say what to do: ${Object.keys(actions).join(", ")}`);
    await run(args);
    return 0;
  },
};

const actions: Readonly<Record<string, (args: readonly string[]) => Promise<void> | void>> = {
  list,
  create,
  rotate,
  revoke,
  generate,
};

async function list(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: CONNECTION_OPTIONS });
  const answer = await askAdmin(values.url, { method: "GET", path: "/keys" }, keyList);
  if (values.json) return printJson(answer);
  const rows = answer.data.map((key) => [
    key.name,
    stateOf(key),
    key.source,
    key.hint ?? "",
    key.expires_at ?? "never",
    key.routes?.join(" ") ?? "all",
    key.tags.join(" "),
    Object.entries(key.limits ?? {})
      .flatMap(([name, most]) => (most === null || most === undefined ? [] : [`${name}=${most}`]))
      .join(" "),
    [
      ...(key.force_variant ? ["force-variant"] : []),
      ...(key.admin ? ["admin"] : []),
      ...(key.capture ? [] : ["no-capture"]),
    ].join(" "),
  ]);
  const head = ["name", "state", "source", "secret", "expires", "routes", "tags", "limits", "rights"];
  process.stdout.write(textTable(head, rows, head.length));
}

async function create(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...CONNECTION_OPTIONS,
      tag: { type: "string", multiple: true },
      route: { type: "string", multiple: true },
      limit: { type: "string", multiple: true },
      "force-variant": { type: "boolean" },
      admin: { type: "boolean" },
      "no-capture": { type: "boolean" },
      expires: { type: "string" },
    },
  });
  const body = {
    name: oneName(positionals),
    tags: values.tag,
    routes: values.route,
    limits: values.limit && Object.fromEntries(values.limit.map(limitOf)),
    force_variant: values["force-variant"],
    admin: values.admin,
    capture: values["no-capture"] ? false : undefined,
    expires_at: values.expires,
  };
  const answer = await askAdmin(values.url, { method: "POST", path: "/keys", body }, issuedKey);
  tellSecret(answer, values.json, `The key ${answer.name} is created.`);
}

function limitOf(text: string): readonly [string, number] {
  const [name = "", number = ""] = text.split("=");
  if (number.trim() === "" || Number.isNaN(Number(number)))
    throw new UsageError(`--limit takes NAME=NUMBER, not ${JSON.stringify(text)}`);
  return [name, Number(number)];
}

async function rotate(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ...CONNECTION_OPTIONS, overlap: { type: "string" } },
  });
  const seconds = Number(values.overlap ?? 0);
  if (!Number.isInteger(seconds) || values.overlap === "")
    throw new UsageError("--overlap takes whole seconds");
  const path = `/keys/${encodeURIComponent(oneName(positionals))}/rotate`;
  const body = { overlap_seconds: seconds };
  const answer = await askAdmin(values.url, { method: "POST", path, body }, issuedKey);
  const before = seconds === 0 ? "The old one is no longer good" : `The old one is good for ${seconds} s`;
  tellSecret(answer, values.json, `${before}. The key ${answer.name} has a new secret.`);
}

async function revoke(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: CONNECTION_OPTIONS,
  });
  const path = `/keys/${encodeURIComponent(oneName(positionals))}`;
  const answer = await askAdmin(values.url, { method: "DELETE", path }, shownKey);
  if (values.json) return printJson(answer);
  process.stdout.write(`The key ${answer.name} is revoked.\n`);
}

function generate(args: readonly string[]): void {
  const { values } = parseArgs({ args: [...args], options: { json: CONNECTION_OPTIONS.json } });
  const secret = newSecret();
  if (values.json) return printJson({ secret, sha256: sha256(secret) });
  process.stdout.write(`secret  ${secret}\nsha256  ${sha256(secret)}\n`);
}

function oneName(positionals: readonly string[]): string {
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new UsageError("give the name of one key");
  return name;
}

/** The secret alone goes to standard output, so that a script can take it. */
function tellSecret(answer: z.infer<typeof issuedKey>, json: boolean | undefined, what: string): void {
  if (json) return printJson(answer);
  process.stderr.write(`${what} Its secret is shown only now:\n`);
  process.stdout.write(`${answer.secret}\n`);
}

function stateOf({ revoked, shadowed, expires_at }: z.infer<typeof shownKey>): string {
  if (revoked) return "revoked";
  if (expires_at !== null && Date.parse(expires_at) <= Date.now()) return "expired";
  return shadowed ? "shadowed" : "good";
}
