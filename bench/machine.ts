import { readdirSync, readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";

const CORES = cpus().length;
if (CORES < 2) throw new Error("The bench needs two cores: one for the gateway, one for what loads it.");

/** What is measured runs alone on the first core; the mock upstream and the load share the others. */
export const SUBJECT_CORES = "0";
export const LOAD_CORES = CORES === 2 ? "1" : `1-${CORES - 1}`;

/** Clock ticks a second in /proc: USER_HZ, 100 on every Linux. */
const TICKS_PER_SECOND = 100;

/** CPU time of a process and all its threads so far, user and system, in seconds. Steps of 10 ms. */
export function cpuSeconds(pid: number): number {
  return accountOf(`/proc/${pid}/stat`).seconds;
}

/** CPU time of a process's threads so far, in seconds, by what they are for. Those that have ended are left out. */
export interface ThreadSeconds {
  /** The one that the process began with, in which requests are served. */
  readonly main: number;
  /** Those that hold the store. */
  readonly store: number;
  /** The runtime's own: collecting garbage, compiling, files. */
  readonly others: number;
}

export function threadSeconds(pid: number): ThreadSeconds {
  const sums = { main: 0, store: 0, others: 0 };
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const { name, seconds } = accountOf(`/proc/${pid}/task/${thread}/stat`);
    if (thread === String(pid)) sums.main += seconds;
    else if (name === "store") sums.store += seconds;
    else sums.others += seconds;
  }
  return sums;
}

function accountOf(statFile: string): { readonly name: string; readonly seconds: number } {
  const stat = readFileSync(statFile, "utf8");
  // The name, in brackets, may hold blanks; utime and stime are fields 14 and 15 (proc_pid_stat(5)).
  const end = stat.lastIndexOf(")");
  const fields = stat.slice(end + 2).split(" ");
  return {
    name: stat.slice(stat.indexOf("(") + 1, end),
    seconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
  };
}

/** Resident memory of a process, in MiB. */
export function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) / 1024;
}

/** With the processor's family and model, as a cloud's processors of ten years may have one name. */
export function describeMachine(): string {
  const name = cpus()[0]?.model.trim() ?? "unknown processor";
  const info = readFileSync("/proc/cpuinfo", "utf8");
  const [family, model] = ["cpu family", "model"].map(
    (field) => new RegExp(`^${field}\\s*: (.*)$`, "m").exec(info)?.[1] ?? "?",
  );
  return `${CORES} cores (${name}, family ${family}, model ${model}), ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release().split("-")[0]}`;
}
