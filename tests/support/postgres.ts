import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { startChild } from "../platforms/child.ts";
import { freePort } from "./free-port.ts";
import { until } from "./until.ts";

const programs = programFolder();

/**
 * Leave the Postgres tests out? Only where Postgres is not installed and nobody asked for them: with
 * CROSSOVER_TEST_POSTGRES=1 they fail without it.
 */
export const WITHOUT_POSTGRES = programs === undefined && process.env["CROSSOVER_TEST_POSTGRES"] !== "1";
if (WITHOUT_POSTGRES) process.stdout.write("Postgres tests are left out: postgres is not installed\n");

export interface PostgresServer {
  readonly port: number;
  /** Makes an empty database and returns its URL. */
  createDatabase(): Promise<string>;
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

/** Debian keeps the server's programs off the path. */
function programFolder(): string | undefined {
  const base = "/usr/lib/postgresql";
  const versions = existsSync(base) ? readdirSync(base).sort((a, b) => Number(b) - Number(a)) : [];
  return versions
    .map((version) => join(base, version, "bin"))
    .find((folder) => existsSync(join(folder, "initdb")));
}

/** A program of Postgres, which refuses to be run by root. */
function asPostgres(program: string, args: readonly string[]): readonly [string, readonly string[]] {
  const path = join(programs ?? "", program);
  return process.getuid?.() === 0 ? ["runuser", ["-u", "postgres", "--", path, ...args]] : [path, args];
}

export async function startPostgres(): Promise<PostgresServer> {
  if (programs === undefined)
    throw new Error("CROSSOVER_TEST_POSTGRES=1 asks for Postgres, and it is not installed");
  const folder = mkdtempSync(join(tmpdir(), "crossover-postgres-"));
  chmodSync(folder, 0o777);
  const data = join(folder, "data");
  const [init, initArgs] = asPostgres("initdb", [
    ...["--pgdata", data, "--username", "crossover", "--auth", "trust", "--encoding", "UTF8"],
    ...["--locale", "C.UTF-8", "--no-sync"],
  ]);
  const made = spawnSync(init, initArgs, { encoding: "utf8", cwd: folder });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const port = await freePort();
  const settings = ["fsync=off", "full_page_writes=off", "shared_buffers=64MB", "max_connections=50"];
  const [server, serverArgs] = asPostgres("postgres", [
    ...["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", folder],
    ...settings.flatMap((setting) => ["-c", setting]),
  ]);
  const child = startChild(server, [...serverArgs]);
  const url = (database: string) => `postgres://crossover:hunter2@127.0.0.1:${port}/${database}`;
  await until(() => answers(url("postgres")), 30_000);
  let databases = 0;
  return {
    port,
    createDatabase: async () => {
      const name = `test_${++databases}`;
      await run(url("postgres"), `create database ${name}`);
      return url(name);
    },
    freeze: () => child.process.kill("SIGSTOP"),
    thaw: () => child.process.kill("SIGCONT"),
    stop: async () => {
      await child.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  return run(url, "select 1").then(
    () => true,
    () => false,
  );
}

/** One statement on a connection of its own. */
export async function run(url: string, statement: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}
