import { parseArgs } from "node:util";
import { shownDeployments } from "../../routes/admin/tuning-fields.ts";
import { timeOf, usd } from "../reports/words.ts";
import type { DeploymentOverview, ListedDeployment } from "../tuning/tuning.ts";
import { printJson } from "./admin-api.ts";
import { consent } from "./consent.ts";
import { UsageError } from "./error-text.ts";
import { numberOf, whole } from "./number-option.ts";
import { plainLine } from "./plain-text.ts";
import { textTable } from "./text-table.ts";
import { type OpenTuning, withTuning } from "./tune-open.ts";

/** Of a mean month. */
const MONTH_HOURS = 730;

/** `crossover tune deployments`. @returns the exit code */
export async function deployments(args: readonly string[], open: OpenTuning): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      provider: { type: "string" },
      json: { type: "boolean" },
      config: { type: "string", short: "c" },
    },
  });
  return withTuning(open, args, async ({ tuning }) => {
    const overview = await tuning.deployments(values.provider);
    const { deployments: found, problems } = overview;
    if (values.json) printJson(shownDeployments(overview));
    else if (found.length > 0) process.stdout.write(deploymentTable(found));
    else if (problems.length === 0) process.stderr.write("There are no deployments.\n");
    if (!values.json) process.stderr.write(problemLines(overview));
    return problems.length === 0 ? 0 : 1;
  });
}

function problemLines({ problems }: DeploymentOverview): string {
  return problems
    .map(({ provider, message }) => `${provider === undefined ? "" : `${provider}: `}${plainLine(message)}\n`)
    .join("");
}

/** A row of each deployment; one that nobody uses is marked with what it costs. */
export function deploymentTable(all: readonly ListedDeployment[]): string {
  const head = ["provider", "name", "model", "status", "capacity", "USD an hour", "last used (UTC)", ""];
  const rows = all.map((one) => [
    one.provider,
    plainLine(one.name),
    plainLine(one.model ?? ""),
    plainLine(one.status),
    one.capacity === undefined ? "" : String(one.capacity),
    one.hostingPerHour === undefined ? "unknown" : String(one.hostingPerHour),
    one.lastUsed === undefined ? "not known" : timeOf(one.lastUsed).slice(0, 16),
    one.idle ? idleText(one) : "",
  ]);
  return textTable(head, rows, head.length);
}

function idleText({ hostingPerHour }: ListedDeployment): string {
  return hostingPerHour === undefined ? "IDLE" : `IDLE: ${usd(hostingPerHour * MONTH_HOURS)} a month`;
}

/** `crossover tune scale`. @returns the exit code */
export async function scale(args: readonly string[], open: OpenTuning): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { provider: { type: "string" }, config: { type: "string", short: "c" } },
  });
  const provider = requiredProvider(values.provider);
  const [name, amount, ...more] = positionals;
  if (name === undefined || amount === undefined || more.length > 0)
    throw new UsageError("give the deployment's name and its capacity");
  const capacity = numberOf("the capacity", amount, whole(0)) ?? 0;
  return withTuning(open, args, async ({ tuning }) => {
    await tuning.scale(provider, name, capacity);
    process.stdout.write(`${name} at ${provider} is scaled to ${capacity}.\n`);
    return 0;
  });
}

/** `crossover tune undeploy`. @returns the exit code */
export async function undeploy(args: readonly string[], open: OpenTuning): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      provider: { type: "string" },
      yes: { type: "boolean", short: "y", default: false },
      config: { type: "string", short: "c" },
    },
  });
  const provider = requiredProvider(values.provider);
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new UsageError("give the name of one deployment");
  return withTuning(open, args, async ({ tuning }) => {
    const { deployments: all } = await tuning.deployments(provider);
    const users = all.find((one) => one.name === name)?.models ?? [];
    const used = users.length === 0 ? "" : `, which answers for ${users.join(", ")}`;
    await consent(`Delete the deployment ${name} at ${provider}${used}?`, values.yes);
    await tuning.undeploy(provider, name);
    process.stdout.write(`${name} at ${provider} is deleted.\n`);
    return 0;
  });
}

function requiredProvider(provider: string | undefined): string {
  if (provider === undefined) throw new UsageError("name the provider: --provider NAME");
  return provider;
}
