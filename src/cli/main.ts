import { parseArgs } from "node:util";
import { VERSION } from "../version.ts";
import { errorText, UsageError } from "./error-text.ts";
import { plainText } from "./plain-text.ts";

/** A command: its own help, its work. @returns the exit code, or undefined while it goes on */
export interface Command {
  readonly help: string;
  run(args: readonly string[]): Promise<number | undefined>;
}

interface Listed {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Each is loaded when it is needed: serving a request takes nothing of what makes data sets, and the list nothing of any. */
const commands: Readonly<Record<string, Listed>> = {
  start: {
    summary: "Serve the gateway.",
    load: async () => (await import("./start.ts")).start,
  },
  check: {
    summary: "Say whether a configuration can be used, and what is wrong with it.",
    load: async () => (await import("./check.ts")).check,
  },
  explain: {
    summary: "Show where a request would go, and why.",
    load: async () => (await import("./explain.ts")).explain,
  },
  why: {
    summary: "Show why a captured request went where it did.",
    load: async () => (await import("./why.ts")).why,
  },
  keys: {
    summary: "List, create, rotate and revoke clients' keys.",
    load: async () => (await import("./keys.ts")).keys,
  },
  captures: {
    summary: "List, show, delete, export and import captured requests; sum up feedback.",
    load: async () => (await import("./captures.ts")).captures,
  },
  compare: {
    summary: "Send the same queries through several variants, and compare.",
    load: async () => (await import("./compare.ts")).compare,
  },
  dataset: {
    summary: "Build, check and convert training sets.",
    load: async () => (await import("./dataset.ts")).dataset,
  },
  tune: {
    summary: "Fine-tune a model for a route, and deploy it.",
    load: async () => (await import("./tune.ts")).tune,
  },
  rollout: {
    summary: "Move traffic to a variant under guardrails: start, watch, pause, promote, roll back.",
    load: async () => (await import("./rollout.ts")).rollout,
  },
  backtest: {
    summary: "Say what another configuration would do with captured requests.",
    load: async () => (await import("./backtest.ts")).backtest,
  },
  report: {
    summary: "Say what prompting costs, and whether a fine-tuned model pays.",
    load: async () => (await import("./report.ts")).report,
  },
};

function help(): string {
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`);
  return `crossover ${VERSION}

Usage: crossover COMMAND [OPTIONS]

${lines.join("\n")}

crossover COMMAND --help tells more. The configuration is config/crossover.yaml, or CROSSOVER_CONFIG.
`;
}

/** Exit codes: 0 done, 1 the answer is no (a bad configuration, a refused request), 2 wrong use. */
export async function main(args: readonly string[]): Promise<number | undefined> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(help());
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "-v") {
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  const listed = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (listed === undefined) {
    process.stderr.write(`crossover: there is no command ${JSON.stringify(name)}.\n\n${help()}`);
    return 2;
  }
  const command = await listed.load();
  if (name !== "start") endWithTheReader();
  if (rest.includes("--help") || rest.includes("-h")) {
    process.stdout.write(command.help);
    return 0;
  }
  try {
    return await command.run(rest);
  } catch (error) {
    process.stderr.write(`crossover ${name}: ${plainText(errorText(error))}\n`);
    return error instanceof UsageError || (error instanceof TypeError && "code" in error) ? 2 : 1;
  }
}

/** Who reads no further, such as `head`, wants no more: that is no error. A gateway serves on without a reader of its log. */
function endWithTheReader(): void {
  process.stdout.on("error", (error) => {
    if (!("code" in error && error.code === "EPIPE")) throw error;
    process.exit(0);
  });
}

/** The path of the configuration: --config, CROSSOVER_CONFIG, or the default. */
export function configPathOf(args: readonly string[], env: NodeJS.ProcessEnv): string {
  const { values } = parseArgs({
    args: [...args],
    options: { config: { type: "string", short: "c" } },
    strict: false,
  });
  return typeof values.config === "string"
    ? values.config
    : env["CROSSOVER_CONFIG"] || "config/crossover.yaml";
}
