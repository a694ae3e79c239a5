import { parseArgs } from "node:util";
import type { Gateway } from "../gateway/gateway.ts";
import { hasLoopbackName } from "../net.ts";
import { type RunningGateway, startNode } from "../node.ts";
import { type Command, configPathOf } from "./main.ts";
import { stdoutLog } from "./stdout-log.ts";

export const start: Command = {
  help: `Usage: crossover start [--config FILE]

Serves the gateway until SIGINT or SIGTERM. HOST and PORT override the configuration's address.
SIGHUP and changes of the file reload the configuration.
`,
  run: async (args) => {
    parseArgs({ args: [...args], options: { config: { type: "string", short: "c" } } });
    const configPath = configPathOf(args, process.env);
    const log = stdoutLog();
    const running = await startNode({ configPath, env: process.env, log });
    process.on("SIGHUP", running.reload);
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.once(signal, () => void stop(running, signal));
    // Whoever reads that it listens may signal it at once.
    process.stdout.write(banner(running, configPath));
    // Nobody waits for the store.
    void running.store?.settled.then(() => process.stdout.write(storeWarning(running)));
    return undefined;
  },
};

async function stop(running: RunningGateway, signal: string): Promise<void> {
  running.gateway.log("info", "stopping", { signal });
  await running.close(running.gateway.table.server.drain);
  process.exitCode = 0;
}

function banner({ url, gateway, warning }: RunningGateway, configPath: string): string {
  const { table } = gateway;
  const [first] = table.routes.keys();
  const lines = [
    `Crossover listens on ${url}/v1`,
    `  configuration  ${configPath} (${table.version})`,
    `  routes         ${[...table.routes.keys()].join(", ") || "none"}`,
    ...keysLine(gateway),
    ...pageLine(url, gateway),
    ...(table.store === undefined
      ? []
      : [`  store          ${table.redaction.secrets.redact(table.store.url)}`]),
    ...captureLine(gateway),
    ...table.notices.map((notice) => `  note           ${notice}`),
    ...(warning === undefined ? [] : [`  WARNING        ${warning}`]),
    "",
    ...(first === undefined ? [] : ["Try it:", `  ${tryIt(url, first, gateway.keys.required)}`, ""]),
  ];
  return `${lines.join("\n")}\n`;
}

function storeWarning({ store, gateway }: RunningGateway): string {
  if (store?.trouble === undefined) return "";
  const problem = gateway.table.redaction.secrets.redact(store.trouble.message);
  return `  WARNING        ${problem}. Requests are answered; captures wait for it, or are lost\n`;
}

/** That requests are kept is nothing to find out later. */
function captureLine({ captures, table }: Gateway): readonly string[] {
  const routes = [...table.routes.values()];
  const captured = routes.filter(({ capture }) => capture !== undefined);
  if (captures === undefined || captured.length === 0) return [];
  const which =
    captured.length === routes.length ? "all routes" : captured.map(({ name }) => name).join(", ");
  return [`  captures       requests and answers of ${which}. To turn it off: \`capture: false\``];
}

function keysLine({ keys, table }: Gateway): readonly string[] {
  if (!keys.required) return [];
  const created = keys.list().filter(({ source }) => source === "created").length;
  return [`  keys           ${table.keys.length} in the configuration, ${created} created`];
}

/** Where a browser may look. Without a right to it there, nobody gets the page from elsewhere. */
function pageLine(url: string, { table, keys }: Gateway): readonly string[] {
  const isServed = table.server.adminToken !== undefined || keys.hasAdmin || hasLoopbackName(url);
  return isServed ? [`  page           ${url}/admin`] : [];
}

function tryIt(url: string, route: string, needsKey: boolean): string {
  const body = JSON.stringify({ model: route, messages: [{ role: "user", content: "Quick tomato soup" }] });
  const key = needsKey ? ' -H "authorization: Bearer $CROSSOVER_KEY"' : "";
  return `curl ${url}/v1/chat/completions -H 'content-type: application/json'${key} -d '${body}'`;
}
